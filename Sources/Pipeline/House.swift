import Catalog
import Imports
import Inbox
import Rules
import Store
import Synchronization
import SystemPackage
import Workers

/// The rooms, opened and ready, with what they share; lives as long as the daemon.
final class House: Sendable {
    let store: BlobStore
    let catalog: Catalog
    let imports: ImportDatabases
    let slots: [WorkerSlot]
    let owners = OwnerThreads(clock: QuietClock())
    let lanes = StoreLanes()
    let claimRoom = ClaimRoom()
    let surroundings: Surroundings
    let retries = RetrySchedule()
    let vacancies = Vacancies()
    let owedRoom = OwedRoom()
    /// Raised when something was deleted.
    let trash = Signal()
    /// How far the documents in hand have come; whoever writes of one asks here.
    let progress = Mutex(ProgressBook())
    let operatorRequests: OperatorRequests
    let groups = AccountGroups()
    let derivedRoom: DerivedRoom
    private let current: Mutex<DaemonSettings>

    init(
        settings: DaemonSettings, store: BlobStore, catalog: Catalog, imports: ImportDatabases,
        slots: [WorkerSlot], operatorRequests: OperatorRequests, surroundings: Surroundings
    ) {
        current = Mutex(settings)
        self.store = store
        self.catalog = catalog
        derivedRoom = DerivedRoom(catalog: catalog)
        self.imports = imports
        self.slots = slots
        self.operatorRequests = operatorRequests
        self.surroundings = surroundings
    }

    /// What the account may hold, as of the last reload.
    func limit(of account: Account) -> QuotaLimit {
        settings.limits.limit(for: account, in: groups.gids(of: account))
    }

    /// The settings as of the last reload.
    var settings: DaemonSettings { current.withLock { $0 } }

    func reload(_ newer: DaemonSettings) {
        current.withLock { $0 = $0.reloaded(from: newer) }
    }

    func say(_ event: JournalEvent, _ fields: [JournalField: String] = [:]) {
        surroundings.journal(JournalLine(event, fields))
    }

    /// The same about something in an inbox.
    func say(
        _ event: JournalEvent, in root: InboxRoot, at path: BeneathPath? = nil,
        _ fields: [JournalField: String] = [:]
    ) {
        var fields = fields
        fields[.account] = "\(root.account)"
        fields[.inbox] = root.path
        fields[.path] = path?.description
        say(event, fields)
    }

    /// Closes a blob that was read; nothing can be lost by its failing, but it is said.
    func close(_ blob: FileDescriptor) {
        do {
            try blob.close()
        } catch {
            say(.storePaused, [.detail: "close a blob: \(error)"])
        }
    }

    /// What any error means for a document.
    static func failure(of error: any Error) -> Failure {
        if let known = error as? any DocumentError { return known.failure }
        return Failure(
            .internalError,
            message: "Something went wrong in ingestd itself. It tries again by itself; "
                + "if this stays, please tell the operator.",
            detail: "unforeseen: \(error)")
    }
}
