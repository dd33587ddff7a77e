import CLinux
import Glibc
import Stages
import WorkerProtocol

/// Reads requests from the channel and answers each, until the other side closes it.
struct StageServer {
    /// Requests are small but for a list of schemas.
    private static let readLength = 16 << 10

    /// A child that has grown by more bytes than this is given no other document.
    private static let growthLimit = 32 << 20

    /// What the daemon says.
    private enum Order {
        case stage(StageRequest)
        case document
    }

    private let channel: Int32
    private let limits: StageLimits
    private var blob: Int32
    private var stages: StageTable
    private var frames = FrameReader()
    /// A descriptor whose frame is not whole yet.
    private var nextBlob: Int32?

    private let firstSize = Self.largestSize()

    /// - Parameter readiness: what the first document is read with.
    init(channel: Int32, blob: Int32, limits: StageLimits, readiness: PDFReadiness?) {
        self.channel = channel
        self.blob = blob
        self.limits = limits
        stages = StageTable(descriptor: blob, limits: limits, readiness: readiness)
    }

    /// Returns when the channel is closed between two frames.
    ///
    /// - Throws: ``ChannelError``.
    mutating func serve() throws {
        while let order = try nextOrder() {
            switch order {
            case .stage(let request): try stages.run(request) { reply in try send(reply) }
            case .document: try turnToNextBlob()
            }
        }
    }

    /// Forgets all of one document, its reader included, before the next is looked at.
    private mutating func turnToNextBlob() throws {
        guard let next = nextBlob else {
            throw ChannelError.malformed("a document came without its descriptor")
        }
        nextBlob = nil
        guard Self.largestSize() - firstSize <= Self.growthLimit else { throw ChannelError.grown }
        stages = StageTable(descriptor: next, limits: limits)
        close(blob)
        blob = next
    }

    /// The most memory that the process has had so far, in bytes.
    private static func largestSize() -> Int {
        var usage = rusage()
        // It fails only for a place that is none.
        getrusage(RUSAGE_SELF.rawValue, &usage)
        return usage.ru_maxrss << 10
    }

    private mutating func nextOrder() throws -> Order? {
        var buffer = [UInt8](repeating: 0, count: Self.readLength)
        do {
            while true {
                if let frame = try frames.next() {
                    switch frame.kind {
                    case StageRequest.frameKind:
                        return .stage(try StageRequest(payload: frame.payload))
                    case DocumentTurn.frameKind: return .document
                    default: throw WireError("a frame is no request")
                    }
                }
                var descriptor: Int32 = -1
                let count = linux_receive(channel, &buffer, buffer.count, 0, &descriptor, 1)
                if descriptor >= 0 {
                    guard nextBlob == nil else { throw WireError("two documents at once") }
                    nextBlob = descriptor
                }
                if count > 0 {
                    frames.append(buffer[..<count])
                } else if count == 0 {
                    guard !frames.isMidFrame else { throw WireError("a frame is cut short") }
                    return nil
                } else if -count != EINTR {
                    throw ChannelError.io("read request", errno: Int32(-count))
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
    /// This side has grown too large to read another document.
    case grown

    var description: String {
        switch self {
        case .malformed(let reason): "read request: \(reason)"
        case .io(let attempt, let errno): "\(attempt): errno \(errno)"
        case .grown: "turn to another document: this process has grown too large"
        }
    }
}
