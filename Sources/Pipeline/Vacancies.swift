import Synchronization

/// Tells when accounts may have room for drops that are held.
///
/// What was reserved and is given back makes room as much as a raised limit does.
final class Vacancies: Sendable {
    /// Who may have room again.
    enum Accounts: Sendable, Hashable {
        case all
        case some(Set<UInt32>)

        func contains(_ uid: UInt32) -> Bool {
            switch self {
            case .all: true
            case .some(let uids): uids.contains(uid)
            }
        }
    }

    private let signal = Signal()
    private let told = Mutex(Accounts.some([]))
    private let changes = Atomic<UInt64>(0)

    /// How often room may have come: whoever was refused room compares it with before.
    var count: UInt64 { changes.load(ordering: .sequentiallyConsistent) }

    /// A limit may have been raised.
    func tellAll() {
        changes.add(1, ordering: .sequentiallyConsistent)
        told.withLock { $0 = .all }
        signal.raise()
    }

    /// Something reserved for the account was given back.
    func tell(_ uid: UInt32) {
        changes.add(1, ordering: .sequentiallyConsistent)
        tellAgain(uid)
    }

    /// The same, heard too early: before the drops that it was about were known as held.
    func tellAgain(_ uid: UInt32) {
        told.withLock { told in
            guard case .some(let uids) = told else { return }
            told = .some(uids.union([uid]))
        }
        signal.raise()
    }

    /// Waits until somebody may have room; nil when the task was cancelled.
    func next() async -> Accounts? {
        guard await signal.wait() else { return nil }
        return told.withLock { told in
            defer { told = .some([]) }
            return told
        }
    }
}
