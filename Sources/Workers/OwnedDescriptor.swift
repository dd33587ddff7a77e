import CLinux
import Glibc
import Rules
import SystemPackage

/// A descriptor that closes with its owner.
struct OwnedDescriptor: ~Copyable {
    let raw: Int32

    init(_ raw: Int32) { self.raw = raw }

    // A failed close needs no answer: none of these descriptors bears data to disk.
    deinit { close(raw) }

    /// Whether there is something to read, or the other end is closed.
    var isReadable: Bool { awaitReadable(atMost: .zero) }

    /// Waits until there is something to read, or the other end is closed; nil waits for ever.
    ///
    /// - Returns: false where the time passed first.
    func awaitReadable(atMost wait: Duration?) -> Bool {
        let deadline = wait.map { SuspendingClock.now + $0 }
        var watched = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
        while true {
            let left = deadline.map { max(0, (($0 - SuspendingClock.now).wholeMilliseconds) + 1) }
            let milliseconds = wait == .zero ? 0 : left.map { Int32(clamping: $0) } ?? -1
            if poll(&watched, 1, milliseconds) > 0 { return true }
            if let deadline, SuspendingClock.now >= deadline { return false }
        }
    }

    /// Two connected ends of a UNIX stream socket, closed on exec.
    static func socketPair() throws(Errno) -> DescriptorPair { try pair(SOCK_STREAM) }

    /// Two connected ends of a UNIX socket that keeps messages apart, closed on exec.
    static func messagePair() throws(Errno) -> DescriptorPair { try pair(SOCK_SEQPACKET) }

    private static func pair(_ kind: __socket_type) throws(Errno) -> DescriptorPair {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw Errno(rawValue: errno) }
        return DescriptorPair(ours: OwnedDescriptor(ends[0]), theirs: OwnedDescriptor(ends[1]))
    }

    /// A pipe, closed on exec; the reading end is ours.
    static func pipe() throws(Errno) -> DescriptorPair {
        var ends: [Int32] = [-1, -1]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw Errno(rawValue: errno) }
        return DescriptorPair(ours: OwnedDescriptor(ends[0]), theirs: OwnedDescriptor(ends[1]))
    }
}

/// The end that the daemon keeps, and the one that the worker is given.
struct DescriptorPair: ~Copyable {
    let ours: OwnedDescriptor
    let theirs: OwnedDescriptor

    /// Closes the worker's end, now that the worker has it too.
    consuming func keepingOurs() -> OwnedDescriptor { ours }
}
