import Rules
import SystemPackage

/// Tells when something appears in one of the daemon's own folders.
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
        box = EventBox(rules: NameRules(), isRecursive: false, bell: bell)
        do {
            let descriptor = try FileDescriptor.open(
                folder, .readOnly, options: [.directory, .noFollow, .closeOnExec])
            isBlind = watcher.watch(descriptor, BeneathPath(), for: box) != .watching
            try descriptor.close()
        } catch let error as Errno {
            throw error
        } catch {
            preconditionFailure("opening and closing fail by the kernel's word: \(error)")
        }
    }

    deinit { watcher.forget(box) }

    /// Returns once a file may have come; also when the task is cancelled, or ``look()`` was called.
    public func change() async {
        await bell.wait(atMost: isBlind ? Self.interval : nil, by: time)
        _ = box.take()
    }

    /// Lets ``change()`` return.
    public func look() { bell.ring() }
}
