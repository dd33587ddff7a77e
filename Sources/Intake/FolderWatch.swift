import CLinux
import Glibc
import Rules
import SystemPackage

/// Tells when something appears in one of the daemon's own folders, or is finished there.
///
/// What is removed there the daemon removes itself, mostly, and is no news.
public final class FolderWatch: Sendable {
    /// How often is looked where no watch is to be had.
    private static let interval = Duration.seconds(10)

    private let watcher: DropWatcher
    private let box: EventBox
    private let bell = Bell()
    private let time: IntakeTime
    /// Whether somebody must look by the clock.
    private let isBlind: Bool

    /// - Parameter watcher: shared with the inboxes.
    public init(
        _ folder: FilePath, watcher: DropWatcher, clock: any Clock<Duration> = ContinuousClock()
    ) throws(Errno) {
        self.watcher = watcher
        time = IntakeTime(clock, calendar: IntakeTime.systemCalendar)
        box = EventBox(rules: nil, isRecursive: false, bell: bell)
        do {
            let descriptor = try FileDescriptor.open(
                folder, .readOnly, options: [.directory, .noFollow, .closeOnExec])
            let answer = watcher.watch(
                descriptor, BeneathPath(), for: box, tellsRemovals: false)
            isBlind = answer != .watching
            try descriptor.close()
        } catch let error as Errno {
            throw error
        } catch {
            preconditionFailure("opening and closing fail by the kernel's word: \(error)")
        }
    }

    deinit { watcher.forget(box) }

    /// Who has a file open for writing.
    public enum Writers: Sendable, Hashable {
        case nobody, somebody
        /// The kernel does not tell us.
        case unknown
    }

    /// Asks who may still be writing a file that is open for reading; while it stays open nobody begins to.
    public static func writers(of file: FileDescriptor) -> Writers {
        // A writer is told to us by SIGIO, which would end the process; he waits until it is closed.
        signal(SIGIO, SIG_IGN)
        switch -clinux_take_lease(file.rawValue) {
        case 0: return .nobody
        case EAGAIN: return .somebody
        default: return .unknown
        }
    }

    /// Returns once a file may have come; also when the task is cancelled, or ``look()`` was called.
    public func change() async {
        await bell.wait(atMost: isBlind ? Self.interval : nil, by: time)
        _ = box.take()
    }

    /// Lets ``change()`` return.
    public func look() { bell.ring() }
}
