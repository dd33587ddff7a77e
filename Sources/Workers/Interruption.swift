import CLinux
import Glibc
import SystemPackage

/// A flag that any thread may raise and that a thread asleep in `poll` sees; it stays raised.
final class Interruption: Sendable {
    /// An eventfd: readable once the flag is raised. Nobody reads it, so that it stays readable.
    let descriptor: Int32

    /// - Throws: the error of `eventfd`: no descriptors or no memory are left.
    init() throws(Errno) {
        descriptor = linux_eventfd()
        guard descriptor >= 0 else { throw Errno(rawValue: -descriptor) }
    }

    deinit { close(descriptor) }

    /// Raises the flag; once is as good as many times.
    func raise() {
        var one: UInt64 = 1
        // It can fail only where the counter is at its end, and then the flag is raised already.
        _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    var isRaised: Bool {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&watched, 1, 0) == 1
    }
}
