/// How much a log line asks of its reader.
public enum Severity: String, Sendable, Hashable, CaseIterable {
    /// Something that happened many times a second and matters to nobody but a developer.
    case debug
    /// A job or the daemon changed its state.
    case info
    /// Something went wrong and was put right, or waits and will be tried again.
    case warning
    /// A person must act.
    case error
}

/// All that the daemon can say, as fixed text; docs/log.md gives each line its remedy.
public enum JournalEvent: String, Sendable, Hashable, CaseIterable {
    // The daemon.
    case daemonStarted = "daemon started"
    case daemonReady = "daemon ready"
    case daemonStopping = "daemon stopping"
    case daemonStopped = "daemon stopped"
    case configReloaded = "config reloaded"
    case configRefused = "config refused"
    case changesIgnored = "changes other than limits need a restart"
    case nothingToReload = "no config file to reload"
    case groupsUnknown = "groups not looked up"
    case stateClosed = "state directory closed to accounts"
    case checkpointReached = "checkpoint reached"
    case serviceManagerDeaf = "service manager not told"
    case linesDropped = "log lines dropped"
    // Intake.
    case inboxWatched = "inbox watched"
    case inboxLost = "inbox lost"
    case inboxServedAgain = "inbox served again"
    case inboxReplaced = "inbox replaced"
    case inboxRefused = "inbox refused"
    case inboxesExhausted = "too many inboxes"
    case mountsUnwatched = "mounts not watched"
    case watchesExhausted = "watches exhausted"
    case eventsOverflowed = "events overflowed"
    case unnotifiedFound = "unnotified drops found"
    case dropNoticed = "drop noticed"
    case dropWaiting = "drop waiting"
    case dropRefused = "drop refused"
    case dropHeld = "drop held"
    case dropVanished = "drop vanished"
    case dropsDeferred = "drops deferred"
    case requestAccepted = "request accepted"
    case requestIgnored = "request ignored"
    case requestWaiting = "request waiting"
    case folderUnreadable = "folder unreadable"
    // Claim.
    case claimBegun = "claim begun"
    case claimAbandoned = "claim abandoned"
    case dropClaimed = "drop claimed"
    case openDropTaken = "drop taken though still open"
    case dropRemoved = "drop removed"
    case removalFailed = "drop not removed"
    case newerDropReturned = "newer drop returned"
    // Store.
    case storePaused = "store paused"
    case storeResumed = "store resumed"
    case stagingEmptied = "staging emptied"
    case reservationsCancelled = "reservations cancelled"
    case blobDamaged = "blob damaged"
    // Stages and workers.
    case stageStarted = "stage started"
    case stageCompleted = "stage completed"
    case stageFailed = "stage failed"
    case stageRetrying = "stage retrying"
    case stageInterrupted = "stage interrupted"
    case workerJoined = "worker joined"
    case pagesDrawn = "pages drawn"
    case workerKilled = "worker killed"
    case workerUnavailable = "worker not started"
    case workerSaid = "worker said"
    case confinementReduced = "confinement reduced"
    // Imports.
    case importsUnshared = "imports not readable by their owner"
    case importsUntidied = "imports database not tidied up"
    // Publish and the end.
    case sidecarFailed = "sidecar not written"
    case sidecarMovedAside = "foreign sidecar moved aside"
    case documentCompleted = "document completed"
    case documentDeleted = "document deleted"
    case documentRestored = "document restored"
    case documentForgotten = "document forgotten"
    case blobsCollected = "blobs removed"
    case documentFailed = "document failed"
    case catalogueFailed = "catalogue failed"

    public var severity: Severity {
        switch self {
        case .checkpointReached, .dropNoticed, .dropWaiting, .dropVanished, .claimBegun,
            .dropRemoved,
            .stageStarted, .stageCompleted, .workerJoined, .pagesDrawn:
            .debug
        case .daemonStarted, .daemonReady, .daemonStopping, .daemonStopped, .configReloaded,
            .inboxWatched, .inboxServedAgain,
            .dropRefused, .dropHeld, .dropClaimed, .requestAccepted, .storeResumed, .stagingEmptied,
            .reservationsCancelled, .requestWaiting, .documentDeleted, .documentRestored,
            .documentForgotten, .blobsCollected,
            .stageRetrying, .stageInterrupted, .workerSaid, .documentCompleted, .documentFailed,
            .stageFailed:
            .info
        case .eventsOverflowed, .unnotifiedFound, .dropsDeferred, .requestIgnored,
            .folderUnreadable,
            .claimAbandoned, .openDropTaken, .newerDropReturned, .workerKilled, .sidecarMovedAside,
            .sidecarFailed,
            .removalFailed, .confinementReduced, .serviceManagerDeaf,
            .linesDropped, .changesIgnored, .nothingToReload, .groupsUnknown, .stateClosed,
            .inboxReplaced,
            .mountsUnwatched, .importsUnshared, .importsUntidied:
            .warning
        case .configRefused, .workerUnavailable, .inboxLost, .inboxRefused, .inboxesExhausted,
            .watchesExhausted, .storePaused,
            .blobDamaged,
            .catalogueFailed:
            .error
        }
    }
}

/// The typed fields a line may bear, in the order in which they are printed.
public enum JournalField: String, Sendable, Hashable, CaseIterable {
    case document, account, inbox, path, stage, attempt
    case waitSeconds = "wait_s"
    case code, proof, size, count, seconds, digest, reason, detail, text, version, pid, signal,
        checkpoint
}

/// One line for the log: what happened, and to whom. Never file content, never a name outside a field.
public struct JournalLine: Sendable, Hashable {
    public let event: JournalEvent
    public let fields: [JournalField: String]

    public init(_ event: JournalEvent, _ fields: [JournalField: String] = [:]) {
        self.event = event
        self.fields = fields
    }

    /// The fields in printing order.
    public var orderedFields: [(name: String, value: String)] {
        JournalField.allCases.compactMap { field in fields[field].map { (field.rawValue, $0) } }
    }
}

/// Where rooms speak to; only the executable knows a logger, tests listen.
public typealias Journal = @Sendable (JournalLine) -> Void
