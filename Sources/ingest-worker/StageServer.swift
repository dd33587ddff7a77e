import Glibc
import Stages
import WorkerProtocol

/// Reads requests from the channel and answers each, until the other side closes it.
struct StageServer {
    /// Requests are small but for a list of schemas.
    private static let readLength = 16 << 10

    private let channel: Int32
    private let stages: StageTable
    private var frames = FrameReader()

    init(channel: Int32, stages: StageTable) {
        self.channel = channel
        self.stages = stages
    }

    /// Returns when the channel is closed between two frames.
    ///
    /// - Throws: ``ChannelError``.
    mutating func serve() throws {
        while let request = try nextRequest() {
            try stages.run(request) { reply in try send(reply) }
        }
    }

    private mutating func nextRequest() throws -> StageRequest? {
        var buffer = [UInt8](repeating: 0, count: Self.readLength)
        do {
            while true {
                if let frame = try frames.next() {
                    guard frame.kind == StageRequest.frameKind else {
                        throw WireError("a frame is no request")
                    }
                    return try StageRequest(payload: frame.payload)
                }
                let count = read(channel, &buffer, buffer.count)
                if count > 0 {
                    frames.append(buffer[..<count])
                } else if count == 0 {
                    guard !frames.isMidFrame else { throw WireError("a frame is cut short") }
                    return nil
                } else if errno != EINTR {
                    throw ChannelError.io("read request", errno: errno)
                }
            }
        } catch let error as WireError {
            throw ChannelError.malformed(error.reason)
        }
    }

    private func send(_ reply: StageReply) throws {
        try reply.encoded().withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = write(
                    channel, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if errno != EINTR {
                    throw ChannelError.io("write reply", errno: errno)
                }
            }
        }
    }
}

/// Why the worker and the daemon can no longer talk.
enum ChannelError: Error, CustomStringConvertible {
    case malformed(String)
    case io(String, errno: Int32)

    var description: String {
        switch self {
        case .malformed(let reason): "read request: \(reason)"
        case .io(let attempt, let errno): "\(attempt): errno \(errno)"
        }
    }
}
