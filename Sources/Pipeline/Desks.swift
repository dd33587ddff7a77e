import Catalog
import Inbox
import Rules
import Synchronization

/// The inboxes that are served now, as they come and go.
///
/// A desk is found by account and path: a folder that has another owner now is another inbox, and
/// what belonged to the former one is nothing to show to the new.
final class Desks: Sendable {
    /// Whether one more inbox may be served.
    enum Seat: Sendable, Hashable {
        case granted
        /// The same path is served already, as it was named elsewhere in the config too.
        case taken
        /// ``DaemonSettings/inboxLimit`` are served.
        case full
    }

    private struct Key: Hashable {
        var uid: UInt32
        var inbox: [UInt8]

        init(uid: UInt32, inbox: [UInt8]) {
            self.uid = uid
            self.inbox = inbox
        }

        init(_ desk: InboxDesk) {
            self.init(uid: desk.account.uid, inbox: Array(desk.root.path.utf8))
        }
    }

    private struct Roll {
        /// The paths that are served, or about to be, or not wholly left yet.
        var seats: Set<String> = []
        var services: [Key: InboxService] = [:]
        var served = ServedInboxes([])

        mutating func count() { served = ServedInboxes(services.keys.map { ($0.uid, $0.inbox) }) }
    }

    private let seatLimit: Int
    private let roll = Mutex(Roll())

    init(seatLimit: Int = DaemonSettings.inboxLimit) { self.seatLimit = seatLimit }

    /// What the catalogue is asked for.
    var served: ServedInboxes { roll.withLock(\.served) }
    var services: [InboxService] { roll.withLock { Array($0.services.values) } }

    /// Keeps a place for the inbox of this path; where one is granted it must be given up again.
    func takeSeat(_ path: String) -> Seat {
        roll.withLock { roll in
            guard !roll.seats.contains(path) else { return .taken }
            guard roll.seats.count < seatLimit else { return .full }
            roll.seats.insert(path)
            return .granted
        }
    }

    /// Gives a place up once nothing is done any more for the inbox that had it.
    func giveUpSeat(_ path: String) { roll.withLock { _ = $0.seats.remove(path) } }

    /// From now on documents of this inbox are handed out.
    func join(_ service: InboxService) {
        roll.withLock { roll in
            roll.services[Key(service.desk)] = service
            roll.count()
        }
    }

    /// From now on they are not.
    func leave(_ service: InboxService) {
        roll.withLock { roll in
            roll.services[Key(service.desk)] = nil
            roll.count()
        }
    }

    /// The desk of an account's inbox; nil where that is not served.
    func desk(of uid: UInt32, inbox: [UInt8]) -> InboxDesk? {
        roll.withLock { $0.services[Key(uid: uid, inbox: inbox)]?.desk }
    }

    /// The desk of a document; nil where its inbox is not served.
    func desk(of document: DocumentRecord) -> InboxDesk? {
        desk(of: document.uid, inbox: document.inbox)
    }
}
