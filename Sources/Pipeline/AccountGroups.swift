import Inbox
import Rules
import Synchronization

/// The groups of the accounts whose inboxes are served, by which their limits are found.
///
/// As many as accounts were ever served. A uid without a name has the group of nobody alone.
final class AccountGroups: Sendable {
    private let known = Mutex<[UInt32: [UInt32]]>([:])

    /// An inbox of the account begins to be served, with the groups that it has now.
    func learn(_ owner: Owner) {
        known.withLock { $0[owner.account.uid] = owner.gids }
    }

    func gids(of account: Account) -> [UInt32] { known.withLock { $0[account.uid] ?? [] } }

    /// Asks the user database again, which may block; who cannot be asked for keeps the groups of before.
    ///
    /// - Returns: why somebody could not be asked for.
    func refresh() -> [InboxError] {
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
