import Rules

/// The system's limits on inotify, against what the inboxes need.
struct WatchLimits: Sendable, Hashable {
    let watches: Int?
    let instances: Int?
    let queuedEvents: Int?

    /// Those that hold now. Rule: inotify(7), "/proc interfaces".
    static func current() -> WatchLimits {
        func limit(_ name: String) -> Int? { ProcFile.number("/proc/sys/fs/inotify/\(name)") }
        return WatchLimits(
            watches: limit("max_user_watches"), instances: limit("max_user_instances"),
            queuedEvents: limit("max_queued_events"))
    }

    /// Compares them with the number of folders in all inboxes.
    ///
    /// - Parameter isWhole: whether all folders were counted.
    func check(folders: Int, isWhole: Bool, _ checkup: inout Checkup) {
        let about = "inotify"
        let count = (isWhole ? "" : "at least ") + "\(folders) folder\(folders == 1 ? "" : "s")"
        let figures: [JSONValue.Member] = [
            .init("folders", .count(folders)), .init("max_user_watches", .count(watches)),
            .init("max_user_instances", .count(instances)),
            .init("max_queued_events", .count(queuedEvents)),
        ]
        guard let watches, let instances, let queuedEvents else {
            checkup.warn(
                about, "watches", "the limits cannot be read", remedy: "mount /proc",
                figures: figures)
            return
        }
        // ingestd takes half of them at most, and leaves the rest to others.
        let finding = "\(count) to watch, \(watches / 2) of \(watches) watches may be used"
        let wanted = max(65_536, folders * 4)
        if folders > watches / 2 {
            checkup.warn(
                about, "watches", finding + ": the rest is polled",
                remedy: "sysctl fs.inotify.max_user_watches=\(wanted), and write it to "
                    + "/etc/sysctl.d", figures: figures)
        } else {
            checkup.fine(about, "watches", finding, figures: figures)
        }
        if instances < 8 {
            checkup.warn(
                about, "instances", "at most \(instances) readers for a user",
                remedy: "sysctl fs.inotify.max_user_instances=128")
        } else {
            checkup.fine(about, "instances", "\(instances) readers for a user")
        }
        if queuedEvents < 16_384 {
            checkup.warn(
                about, "queue",
                "\(queuedEvents) events: a burst overflows it, and all is rescanned",
                remedy: "sysctl fs.inotify.max_queued_events=16384")
        } else {
            checkup.fine(about, "queue", "\(queuedEvents) events")
        }
    }
}
