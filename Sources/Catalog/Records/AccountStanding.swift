import Rules

/// All that the catalogue knows of what an account holds.
public struct AccountStanding: Sendable, Hashable {
    public var usage: AccountUsage
    /// The drops that found no room, in all inboxes of the account.
    public var held: QuotaUsage
    /// What it is charged for each kind of document; kinds without any are left out.
    public var kinds: [DropKind: QuotaUsage]
    /// What was made of its files.
    public var derived: DerivedUsage

    public init(
        usage: AccountUsage, held: QuotaUsage, kinds: [DropKind: QuotaUsage], derived: DerivedUsage
    ) {
        self.usage = usage
        self.held = held
        self.kinds = kinds
        self.derived = derived
    }
}
