import Rules

/// What a child of a template may take, told when it is forked.
public struct ChildLimits: Sendable, Hashable {
    /// Bytes that documents may make it allocate.
    public var memory: ByteCount
    /// Processor time over all its requests.
    public var cpuSeconds: Int
    /// Seconds after which a stage ends by itself and keeps what it has.
    public var softSeconds: Int

    public init(memory: ByteCount, cpuSeconds: Int, softSeconds: Int) {
        self.memory = memory
        self.cpuSeconds = cpuSeconds
        self.softSeconds = softSeconds
    }
}

/// What the daemon asks of a template: a message each, over a socket that keeps messages apart.
///
/// Rule: docs/formats.md, "Worker frames".
public enum TemplateOrder: Sendable, Hashable {
    /// Fork a child. Its blob, its channel and its log come as descriptors, in this order.
    case fork(ChildLimits)
    /// Reap the child, which has ended, and tell how.
    case reap

    /// How many descriptors come with ``fork(_:)``.
    public static let descriptorCount = 3
    /// No message is longer, in bytes.
    public static let lengthLimit = 64

    /// The whole message.
    public func encoded() -> [UInt8] {
        var wire = WireWriter()
        switch self {
        case .fork(let limits):
            wire.put(UInt8(1))
            wire.put(Int(limits.memory.bytes))
            wire.put(limits.cpuSeconds)
            wire.put(limits.softSeconds)
        case .reap:
            wire.put(UInt8(2))
        }
        return wire.bytes
    }

    public init(_ message: ArraySlice<UInt8>) throws(WireError) {
        var wire = WireReader(message)
        switch try wire.byte() {
        case 1:
            self = .fork(
                ChildLimits(
                    memory: ByteCount(Int64(try wire.count())), cpuSeconds: try wire.count(),
                    softSeconds: try wire.count()))
        case 2: self = .reap
        default: throw WireError("no such order")
        }
        try wire.finish()
    }
}

/// What a template answers.
public enum TemplateReply: Sendable, Hashable {
    /// The child's pidfd comes as a descriptor; `pid` is the child's number where the template lives.
    case forked(pid: Int)
    case notForked(errno: Int)
    /// The child's end: its status as wait(2) has it, and the processor time it took.
    case reaped(status: UInt32, cpuMicroseconds: Int)

    /// The whole message.
    public func encoded() -> [UInt8] {
        var wire = WireWriter()
        switch self {
        case .forked(let pid):
            wire.put(UInt8(1))
            wire.put(pid)
        case .notForked(let errno):
            wire.put(UInt8(2))
            wire.put(errno)
        case .reaped(let status, let cpuMicroseconds):
            wire.put(UInt8(3))
            wire.put(status)
            wire.put(cpuMicroseconds)
        }
        return wire.bytes
    }

    public init(_ message: ArraySlice<UInt8>) throws(WireError) {
        var wire = WireReader(message)
        switch try wire.byte() {
        case 1: self = .forked(pid: try wire.count())
        case 2: self = .notForked(errno: try wire.count())
        case 3: self = .reaped(status: try wire.uint32(), cpuMicroseconds: try wire.count())
        default: throw WireError("no such answer")
        }
        try wire.finish()
    }
}
