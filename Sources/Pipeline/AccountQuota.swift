import Catalog
import Publish
import Rules

/// What status files say of the room that an account has.
struct AccountQuota: Sendable {
    let house: House
    let account: Account

    /// As of now; what claims in flight hold counts, since nobody else can have it.
    func current() async throws(CatalogError) -> StatusDocument.Quota {
        let usage = try await house.catalog.usage(of: account.uid)
        return StatusDocument.Quota(
            usage: usage.used + usage.reserved, limit: limit, asOf: house.surroundings.now())
    }

    /// The same with all that belongs to it, for the status file of an inbox.
    func whole() async throws(CatalogError) -> InboxStatus.Quota {
        let standing = try await house.catalog.standing(of: account.uid)
        return InboxStatus.Quota(
            used: standing.usage.used, reserved: standing.usage.reserved, limit: limit,
            kinds: standing.kinds, derived: standing.derived, asOf: house.surroundings.now())
    }

    /// The same where it is worth a word: nil while there is plenty.
    func ifScarce() async throws(CatalogError) -> StatusDocument.Quota? {
        // Most accounts have no limit, and are not worth a look.
        guard limit.bytes != nil || limit.files != nil else { return nil }
        let quota = try await current()
        return limit.isScarce(beside: quota.usage) ? quota : nil
    }

    private var limit: QuotaLimit { house.limit(of: account) }
}
