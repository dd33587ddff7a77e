import CLinux
import Glibc
import SystemPackage

/// A descriptor that closes with its owner.
struct OwnedDescriptor: ~Copyable {
    let raw: Int32

    init(_ raw: Int32) { self.raw = raw }

    // A failed close needs no answer: none of these descriptors bears data to disk.
    deinit { close(raw) }

    /// Two connected ends of a UNIX stream socket, closed on exec.
    static func socketPair() throws(Errno) -> DescriptorPair {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
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
