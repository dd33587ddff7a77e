import CLinux
import Glibc
import SystemPackage

/// Tells of every mount and unmount that this process can see, from a thread of its own; wakes for
/// nothing else.
///
/// Watches on folders cannot tell it: one whose file system was covered or lazily unmounted goes
/// on as before.
/// Rule: proc_pid_mountinfo(5), poll(2) on it.
public final class MountWatcher: Sendable {
    /// The peer of what the thread polls; the thread hears it close.
    private let stop: FileDescriptor

    /// - Parameter onChange: called on the thread; must return at once.
    /// - Throws: `Errno` where the table of mounts cannot be read, or no thread be had.
    public init(onChange: @escaping @Sendable () -> Void) throws {
        let table = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)
        guard table >= 0 else { throw Errno(rawValue: errno) }
        var ends: [Int32] = [-1, -1]
        let kind = Int32(bitPattern: SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            let error = Errno(rawValue: errno)
            _ = Glibc.close(table)
            throw error
        }
        stop = FileDescriptor(rawValue: ends[1])
        let reader = MountReader(table: table, stop: ends[0], onChange: onChange)
        let argument = Unmanaged.passRetained(reader)
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, mountReaderMain, argument.toOpaque())
        guard code == 0 else {
            argument.release()
            for descriptor in [table] + ends { _ = Glibc.close(descriptor) }
            throw Errno(rawValue: code)
        }
        pthread_detach(thread)
    }

    deinit { _ = Glibc.close(stop.rawValue) }
}

/// The thread that waits for the table of mounts to change, until it is told to stop.
private final class MountReader: Sendable {
    /// How long further changes gather: a machine that starts makes hundreds of mounts in a row.
    private static let gatherMilliseconds: Int32 = 100

    private let table: Int32
    private let stop: Int32
    private let onChange: @Sendable () -> Void

    init(table: Int32, stop: Int32, onChange: @escaping @Sendable () -> Void) {
        self.table = table
        self.stop = stop
        self.onChange = onChange
    }

    func run() {
        _ = clinux_thread_name("ingestd-mounts")
        var signals = sigset_t()
        sigfillset(&signals)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        defer {
            _ = Glibc.close(table)
            _ = Glibc.close(stop)
        }
        while true {
            var polled = [
                pollfd(fd: stop, events: Int16(POLLIN), revents: 0),
                // A change is told once, as an exceptional condition; the table itself is not read.
                pollfd(fd: table, events: Int16(POLLPRI), revents: 0),
            ]
            _ = poll(&polled, 2, -1)
            guard polled[0].revents == 0 else { return }
            guard polled[1].revents != 0 else { continue }
            onChange()
            guard poll(&polled, 1, Self.gatherMilliseconds) <= 0 else { return }
        }
    }
}

private func mountReaderMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<MountReader>.fromOpaque(argument).takeRetainedValue().run()
    return nil
}
