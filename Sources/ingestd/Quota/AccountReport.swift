import Catalog
import Publish
import Rules

/// What an account holds and may hold, as `ingestd quota` tells it.
struct AccountReport: Sendable, Hashable {
    let account: Account
    let standing: AccountStanding
    let limit: QuotaLimit
    /// When it was so.
    let asOf: Timestamp

    private var used: QuotaUsage { standing.usage.used }
    private var reserved: QuotaUsage { standing.usage.reserved }

    /// Rows for a person, one for each account.
    static func table(of reports: [AccountReport]) -> String {
        var table = TextTable(
            "USER", "USED", "LIMIT", "FILES", "LIMIT", "RESERVED", "HELD", "DERIVED", "CAP")
        for report in reports {
            table.add(
                report.account.description, "\(report.used.bytes)", words(report.limit.bytes),
                "\(report.used.files)", report.limit.files.map(String.init) ?? "unlimited",
                words(report.reserved), words(report.standing.held),
                "\(report.standing.derived.total)", words(report.limit.derivedBytes))
        }
        return table.text()
    }

    /// All that is known of the one account, for a person.
    var text: String {
        var facts = [
            Fact("user", account.name.map { "\($0) (uid \(account.uid))" } ?? "\(account.uid)"),
            Fact("used", "\(used.bytes) of \(Self.words(limit.bytes))"),
            Fact(
                "files", "\(used.files) of \(limit.files.map(String.init) ?? "unlimited")"),
            Fact("reserved", Self.words(reserved)),
            Fact("held", Self.words(standing.held)),
        ]
        for kind in DropKind.allCases {
            if let share = standing.kinds[kind] {
                facts.append(Fact(kind.rawValue, Self.words(share)))
            }
        }
        facts.append(
            Fact(
                "derived", "\(standing.derived.total) of \(Self.words(limit.derivedBytes))"))
        for kind in DerivedClass.allCases {
            facts.append(Fact("  " + kind.rawValue, "\(standing.derived[kind])"))
        }
        facts.append(Fact("as_of", "\(asOf)"))
        return facts.lines
    }

    var json: JSONValue {
        .object([
            .init("user", .string(account.description)),
            .init("uid", .integer(Int64(account.uid))),
            .init("used", used.json),
            .init("reserved", reserved.json),
            .init("held", standing.held.json),
            .init(
                "limit",
                .object([
                    .init("bytes", limit.bytes.map { .integer($0.bytes) } ?? .null),
                    .init("files", .count(limit.files)),
                ])),
            .init(
                "kinds",
                .object(
                    DropKind.allCases.compactMap { kind in
                        standing.kinds[kind].map { .init(kind.rawValue, $0.json) }
                    })),
            .init("derived", standing.derived.json),
            .init(
                "derived_limit_bytes", limit.derivedBytes.map { .integer($0.bytes) } ?? .null),
            .init("as_of", .moment(asOf)),
        ])
    }

    private static func words(_ bytes: ByteCount?) -> String {
        bytes?.description ?? "unlimited"
    }

    private static func words(_ usage: QuotaUsage) -> String {
        guard usage != .zero else { return "-" }
        return "\(usage.bytes) in \(usage.files) file\(usage.files == 1 ? "" : "s")"
    }
}
