import CLinux
import Glibc
import Rules
import Testing
import WorkerProtocol

/// A template's child that is being asked for stages over one file.
final class WorkerConversation {
    /// The template.
    let program: SpawnedProgram
    /// The child's id, as this process sees it.
    let processID: pid_t
    private var channel: Int32
    private let log: Int32
    private let pidfd: Int32
    private var frames = FrameReader()

    convenience init(
        file: String, memory: ByteCount = .mebibytes(512), through wrapper: [String] = [],
        isOrdinary: Bool = false
    ) throws {
        let isRoot = geteuid() == 0 && !isOrdinary
        let program = try SpawnedProgram(
            "ingest-worker", arguments: isRoot ? ["--uid", "65534", "--gid", "65534"] : [],
            through: wrapper)
        try self.init(file: file, memory: memory, of: program)
    }

    /// Has a template fork another child; it must have none.
    init(file: String, memory: ByteCount = .mebibytes(512), of program: SpawnedProgram) throws {
        self.program = program
        var channels: [Int32] = [0, 0]
        var logs: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        try #require(socketpair(AF_UNIX, kind, 0, &channels) == 0)
        try #require(pipe2(&logs, O_CLOEXEC) == 0)
        let blob = open(file, O_RDONLY | O_CLOEXEC)
        try #require(blob >= 0)
        defer { for descriptor in [blob, channels[1], logs[1]] { close(descriptor) } }
        channel = channels[0]
        log = logs[0]
        let limits = ChildLimits(memory: memory, cpuSeconds: 600, softSeconds: 60)
        let (reply, pidfd) = try program.order(.fork(limits), [blob, channels[1], logs[1]])
        guard case .forked? = reply else {
            close(channel)
            throw SpawnedProgram.SpawnError(step: "fork", code: 0)
        }
        self.pidfd = pidfd
        processID = try Self.number(of: pidfd)
    }

    deinit { for descriptor in [channel, log, pidfd] where descriptor >= 0 { close(descriptor) } }

    /// Asks for one stage and gathers its replies, the last of which ends it; fewer where the
    /// worker died.
    func ask(_ request: StageRequest) throws -> [StageReply] {
        send(request.encoded())
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
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            let count = read(channel, &buffer, buffer.count)
            guard count > 0 else { return replies }
            frames.append(buffer[..<count])
        }
    }

    /// Writes to the child; one that has gone is no error.
    func send(_ bytes: [UInt8]) {
        _ = Glibc.send(channel, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Says that no more requests come, while replies may still.
    func endRequests() { shutdown(channel, Int32(SHUT_WR)) }

    /// Gives the worker another file.
    func turn(to file: String) throws {
        let blob = open(file, O_RDONLY | O_CLOEXEC)
        try #require(blob >= 0)
        defer { close(blob) }
        let frame = DocumentTurn.encoded()
        #expect(linux_send_descriptors(channel, frame, frame.count, [blob], 1) == frame.count)
    }

    /// Waits for the child to be dead, whoever reaps it.
    func awaitDeath() {
        var watched = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
        while poll(&watched, 1, -1) < 0 {}
    }

    /// Waits for the child's end, by itself, and has the template tell of it.
    func end() throws -> SpawnedProgram.End {
        awaitDeath()
        let (reply, _) = try program.order(.reap, [])
        guard case .reaped(let status, _)? = reply else {
            throw SpawnedProgram.SpawnError(step: "reap", code: 0)
        }
        return SpawnedProgram.End(status: Int32(bitPattern: status))
    }

    /// Hangs up, and waits for the child's end; the template's must follow in order.
    func finish() throws -> SpawnedProgram.End {
        close(channel)
        channel = -1
        let end = try end()
        program.closeChannel()
        #expect(program.end() == .exited(0))
        return end
    }

    /// Everything that the child said on descriptor 2, to its end.
    func logText() -> String { SpawnedProgram.text(of: log) }

    private static func number(of pidfd: Int32) throws -> pid_t {
        let file = open("/proc/self/fdinfo/\(pidfd)", O_RDONLY | O_CLOEXEC)
        try #require(file >= 0)
        defer { close(file) }
        let line = SpawnedProgram.text(of: file).split(separator: "\n").first {
            $0.hasPrefix("Pid:")
        }
        return try #require(line.flatMap { pid_t($0.dropFirst(4).drop { !$0.isNumber }) })
    }
}
