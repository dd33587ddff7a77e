import Glibc
import Rules
import Synchronization
import SystemPackage

/// What is mounted at the moment, without a thread that waits for changes.
///
/// The kernel marks the open table when anything is mounted or unmounted; each question asks for the
/// mark, which costs one call, and reads the table anew only where it is set. Nothing that is
/// mounted is touched.
///
/// Rule: proc_pid_mounts(5).
final class MountRegister: Sendable {
    private struct State {
        var table = MountTable(text: [])
        /// Counts the readings.
        var generation: UInt64 = 0
    }

    /// Negative where the system does not tell: then everything seems to be one mount.
    private let file: Int32
    private let state = Mutex(State())

    init() {
        file = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)
    }

    deinit { if file >= 0 { close(file) } }

    /// The table, and a number that changes with it.
    func current() -> (table: MountTable, generation: UInt64) {
        state.withLock { state in
            if file >= 0, state.generation == 0 || hasChanged() {
                state.table = MountTable(text: read())
                state.generation += 1
            }
            return (state.table, state.generation)
        }
    }

    private func hasChanged() -> Bool {
        var polled = pollfd(fd: file, events: Int16(POLLPRI), revents: 0)
        return poll(&polled, 1, 0) > 0 && Int32(polled.revents) & (POLLPRI | POLLERR) != 0
    }

    private func read() -> [UInt8] {
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        guard lseek(file, 0, SEEK_SET) == 0 else { return [] }
        while text.count < MountTable.textLimit {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            text += chunk.prefix(count)
        }
        return text
    }
}
