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
        /// The same directory is served already, as another line of the config leads to it too.
        case taken
        case refused(InboxRefusal)
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
        /// Which are served, or about to be, or not wholly left yet.
        var seats: InboxChoice
        /// Who wanted a seat in vain since the last was given up.
        var waiting: [ObjectIdentifier: Signal] = [:]
        var services: [Key: InboxService] = [:]
        var served = ServedInboxes([])

        mutating func count() { served = ServedInboxes(services.keys.map { ($0.uid, $0.inbox) }) }
    }

    private let roll: Mutex<Roll>
    private let onJoin = Mutex<(@Sendable () -> Void)?>(nil)

    /// - Parameter stateDirectory: all links replaced.
    init(stateDirectory: String, seatLimit: Int = DaemonSettings.inboxLimit) {
        roll = Mutex(Roll(seats: InboxChoice(stateDirectory: stateDirectory, limit: seatLimit)))
    }

    /// What the catalogue is asked for.
    var served: ServedInboxes { roll.withLock(\.served) }
    var services: [InboxService] { roll.withLock { Array($0.services.values) } }

    /// Keeps a seat for an inbox; where one is granted it must be given up again.
    ///
    /// - Parameter bell: raised where none is, once another was given up.
    func takeSeat(_ inbox: InboxChoice.Found, orRing bell: Signal) -> Seat {
        roll.withLock { roll in
            let verdict = roll.seats.judge(inbox)
            if verdict != .served { roll.waiting[ObjectIdentifier(bell)] = bell }
            return switch verdict {
            case .served: .granted
            case .servedAlready: .taken
            case .refused(let refusal): .refused(refusal)
            }
        }
    }

    /// Gives a seat up once nothing is done any more for the inbox that had it.
    func giveUpSeat(_ path: String) {
        let waiting = roll.withLock { roll in
            roll.seats.forget(path)
            defer { roll.waiting = [:] }
            return roll.waiting.values
        }
        waiting.forEach { $0.raise() }
    }

    /// Has `body` called whenever an inbox begins to be served; it must return at once.
    func tellJoins(_ body: @escaping @Sendable () -> Void) { onJoin.withLock { $0 = body } }

    /// From now on documents of this inbox are handed out.
    func join(_ service: InboxService) {
        roll.withLock { roll in
            roll.services[Key(service.desk)] = service
            roll.count()
        }
        onJoin.withLock { $0 }?()
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
