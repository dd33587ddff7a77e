/// All that the operator decided, complete: what was left unsaid has its default.
///
/// Rule: etc/ingestd.yaml, which documents every key.
public struct DaemonSettings: Sendable, Hashable {
    /// How many inboxes one daemon watches at most: each has a descriptor, a watch and a status file of its own.
    public static let inboxLimit = 1000

    /// An absolute path: store, catalogue and imports live below it.
    public var stateDirectory: String
    /// In the order of the config, those of the command line last; no exact path stands in or beneath another.
    public var inboxes: [NamedInbox]
    public var limits: AccountLimits
    public var workers: WorkerSettings
    /// How long a stop may take before what still runs is cut off.
    public var stopTimeout: Duration
    /// How long a deleted document can be restored.
    public var trash: Duration
    public var log: LogSettings
    /// The schemas that tables may follow, in the order in which `auto` tries them.
    public var schemas: [TableSchema]

    public init(
        stateDirectory: String, inboxes: [NamedInbox] = [], limits: AccountLimits = AccountLimits(),
        workers: WorkerSettings = WorkerSettings(), stopTimeout: Duration = .seconds(30),
        trash: Duration = .seconds(7 * 86_400), log: LogSettings = LogSettings(),
        schemas: [TableSchema] = []
    ) {
        self.stateDirectory = stateDirectory
        self.inboxes = inboxes
        self.limits = limits
        self.workers = workers
        self.stopTimeout = stopTimeout
        self.trash = trash
        self.log = log
        self.schemas = schemas
    }

    /// These settings with what a reload may change taken from `newer`; the rest needs a restart.
    public func reloaded(from newer: DaemonSettings) -> DaemonSettings {
        var settings = self
        settings.limits = newer.limits
        return settings
    }

    /// The keys at the top of the config whose values differ in `newer`, but take a restart.
    public func changesBeyondReload(in newer: DaemonSettings) -> [String] {
        var (workers, others) = (workers, newer.workers)
        let stages = workers.allowances != others.allowances
        (workers.allowances, others.allowances) = ([:], [:])
        let isChanged = [
            ("state", stateDirectory != newer.stateDirectory),
            ("schemas", schemas != newer.schemas),
            ("inboxes", plainInboxes != newer.plainInboxes),
            ("workers", workers != others),
            ("stages", stages),
            ("stop_timeout", stopTimeout != newer.stopTimeout),
            ("trash", trash != newer.trash),
            ("log", log != newer.log),
        ]
        return isChanged.filter(\.1).map(\.0)
    }

    /// The inboxes without what schemas add to them.
    private var plainInboxes: [NamedInbox] {
        inboxes.map { inbox in
            var inbox = inbox
            inbox.settings.schemaForm = ""
            return inbox
        }
    }

    /// Lets each inbox know by which definitions its tables are imported; to be done once both are
    /// complete.
    public mutating func markSchemas() {
        var forms: [SchemaChoice: String] = [:]
        for index in inboxes.indices {
            let choice = inboxes[index].settings.schema
            let form = forms[choice] ?? choice.form(among: schemas)
            forms[choice] = form
            inboxes[index].settings.schemaForm = form
        }
    }
}

/// An inbox as it is configured: where it is, and what holds in it.
public struct NamedInbox: Sendable, Hashable {
    /// An absolute path without `.`, `..` and doubled slashes, or a pattern: see ``InboxPattern``.
    public var path: String
    public var settings: InboxSettings

    public init(path: String, settings: InboxSettings = InboxSettings()) {
        self.path = path
        self.settings = settings
    }
}
