import CLinux
import Glibc
import Rules
import Synchronization

/// Follows the links of paths, and gives up on those that lead over a file system that does not
/// answer: a share that hangs must not keep the daemon from starting.
final class LinkResolver {
    /// How long all paths together are waited for.
    private var patience: Duration

    init(patience: Duration = .seconds(3)) { self.patience = patience }

    /// The path with all its links followed; as it is where it does not exist yet, cannot be looked
    /// at, or does not answer in time.
    func resolved(_ path: String) -> String {
        var ends: [Int32] = [-1, -1]
        guard patience > .zero, pipe2(&ends, O_CLOEXEC) == 0 else { return path }
        defer { close(ends[0]) }
        let look = Look(path: path, end: ends[1])
        let argument = Unmanaged.passRetained(look)
        var thread = pthread_t()
        guard pthread_create(&thread, nil, lookMain, argument.toOpaque()) == 0 else {
            argument.release()
            close(ends[1])
            return path
        }
        pthread_detach(thread)
        let clock = ContinuousClock()
        let start = clock.now
        var awaited = pollfd(fd: ends[0], events: 0, revents: 0)
        // The look tells its end by closing its side; one that hangs is left to itself.
        let milliseconds = Int32((patience.inSeconds * 1000).rounded(.up))
        while poll(&awaited, 1, milliseconds) < 0, errno == EINTR {}
        patience -= clock.now - start
        return look.found.withLock { $0 } ?? path
    }
}

/// What a thread is to find out about one path.
private final class Look: Sendable {
    let path: String
    let end: Int32
    let found = Mutex<String?>(nil)

    init(path: String, end: Int32) {
        self.path = path
        self.end = end
    }
}

private func lookMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let look = Unmanaged<Look>.fromOpaque(argument).takeRetainedValue()
    let found = AbsolutePath.resolved(look.path)
    look.found.withLock { $0 = found }
    close(look.end)
    return nil
}
