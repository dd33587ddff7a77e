import CLinux
import Glibc
import Testing
import WorkerProtocol

/// A worker that is being asked for stages over one file.
final class WorkerConversation {
    let program: SpawnedProgram
    private var frames = FrameReader()

    init(file: String, options: [String] = []) throws {
        let identity = geteuid() == 0 ? ["--uid", "65534", "--gid", "65534"] : []
        program = try SpawnedProgram("ingest-worker", arguments: identity + options, input: file)
    }

    /// Asks for one stage and gathers its replies, the last of which ends it; fewer where the
    /// worker died.
    func ask(_ request: StageRequest) throws -> [StageReply] {
        program.send(request.encoded())
        var replies: [StageReply] = []
        while true {
            if let frame = try frames.next() {
                let reply = try StageReply(kind: frame.kind, payload: frame.payload)
                replies.append(reply)
                switch reply {
                case .finished, .failed: return replies
                case .progress, .artifactBegun, .artifactBytes, .artifactEnded, .tableBegun, .rows,
                    .rejected, .warning:
                    continue
                }
            }
            let bytes = program.receive()
            guard !bytes.isEmpty else { return replies }
            frames.append(bytes)
        }
    }

    /// Gives the worker another file.
    func turn(to file: String) throws {
        let blob = open(file, O_RDONLY | O_CLOEXEC)
        try #require(blob >= 0)
        defer { close(blob) }
        let frame = DocumentTurn.encoded()
        #expect(linux_send_descriptor(program.channel, frame, frame.count, blob) == frame.count)
    }

    /// Hangs up, and waits for the worker's end.
    func finish() -> SpawnedProgram.End {
        program.closeChannel()
        return program.end()
    }
}
