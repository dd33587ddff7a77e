import Inbox
import Rules

/// A name in an inbox that may be a drop, and what is known of it.
///
/// Belongs to its intake. It is no value, and small, since there may be a hundred thousand of them:
/// a table of values would need twice its room while it grows.
final class Candidate {
    enum Phase: Sendable, Hashable {
        /// Looked at again at the next deadline or event; the reason is nil before the first look.
        case watched(WaitReason?)
        case refused
        case ready(Admission)
        /// Somebody claims it; `isMarked` where something happened to it meanwhile.
        case claiming(Admission, isMarked: Bool)
        case held(Admission)
    }

    var settling: Settling
    var phase = Phase.watched(nil)
    /// When the next look is due, since intake began; nil where only an event or a rescan leads to
    /// one.
    var deadline: Duration?
    var firstSeen: Timestamp
    /// Counts up with each drop that is noticed.
    var arrival: UInt64
    var identity: DropIdentity?
    /// Whether anybody was told of it.
    var isReported = false

    init(settling: Settling, firstSeen: Timestamp, arrival: UInt64) {
        self.settling = settling
        self.firstSeen = firstSeen
        self.arrival = arrival
    }

    /// Whether a run that takes what is there has nothing left to do with it.
    var isAtRest: Bool {
        switch phase {
        case .refused, .held, .watched(.stillWritten): true
        case .watched, .ready, .claiming: false
        }
    }

    /// The drop as it was last seen; nil before it was.
    func sighted(_ path: BeneathPath) -> SightedDrop? {
        identity.map { SightedDrop(path: path, identity: $0, firstSeen: firstSeen) }
    }
}
