import Inbox
import Rules
import Synchronization

/// The groups of the accounts whose inboxes are served, by which their limits are found.
///
/// As many as accounts were ever served. A uid without a name has the group of nobody alone.
final class AccountGroups: Sendable {
    private let known = Mutex<[UInt32: [UInt32]]>([:])
    private let asked = Signal()

    /// An inbox of the account begins to be served, with the groups that it has now.
    func learn(_ owner: Owner) {
        known.withLock { $0[owner.account.uid] = owner.gids }
    }

    func gids(of account: Account) -> [UInt32] { known.withLock { $0[account.uid] ?? [] } }

    /// Has the user database asked who is in which group now. It may be slow: nobody waits for it.
    func askAgain() { asked.raise() }

    /// Asks whenever it is to, until the task is cancelled, and offers held drops again then.
    func run(_ house: House) async {
        while await asked.wait() {
            do {
                for error in try await house.lanes.run({ self.refresh() }) {
                    house.say(.groupsUnknown, [.detail: error.failure.detail])
                }
            } catch {
                house.say(.groupsUnknown, [.detail: House.failure(of: error).detail])
            }
            house.vacancies.tellAll()
        }
    }

    /// Blocks on the user database; who cannot be asked for keeps the groups of before.
    ///
    /// - Returns: why somebody could not be asked for.
    private func refresh() -> [InboxError] {
        var errors: [InboxError] = []
        for uid in known.withLock({ Array($0.keys) }) {
            do throws(InboxError) {
                learn(try Owner.lookUp(uid: uid))
            } catch {
                errors.append(error)
            }
        }
        return errors
    }
}
