import Rules
import Yams

extension ConfigParser {
    private static let byteRange = ByteCount.zero...ByteCount(Int64.max)
    private static let fileRange = 0...1_000_000_000

    /// Reads the section `limits`.
    mutating func readLimits(_ node: Node) {
        let keys = reader.section(node, "limits", keys: LimitsKey.self)
        if let standard = keys[.standard] {
            settings.limits.standard = limit(
                standard, "limits.default", over: settings.limits.standard)
        }
        for (name, value) in entries(keys[.users], "limits.users", atMost: 100_000) {
            settings.limits.users[name] = limit(
                value, "limits.users.\(name)", over: settings.limits.standard)
        }
        let groups = entries(keys[.groups], "limits.groups", atMost: AccountLimits.groupLimit)
        for (name, value) in groups {
            settings.limits.groups[name] = AccountLimits.GroupLimit(
                gid: UserGroup.gid(of: name),
                limit: limit(value, "limits.groups.\(name)", over: settings.limits.standard))
        }
    }

    private mutating func entries(
        _ node: Node?, _ what: String, atMost limit: Int
    ) -> [(name: String, value: Node)] {
        guard let node, let entries = reader.entries(node, what) else { return [] }
        guard entries.count <= limit else {
            reader.report(node, "\(what) has more than \(limit) entries")
            return []
        }
        return entries.map { ($0.0, $0.2) }
    }

    /// A limit; what it leaves unsaid is as in `base`.
    private mutating func limit(_ node: Node, _ what: String, over base: QuotaLimit) -> QuotaLimit {
        var limit = base
        let keys = reader.section(node, what, keys: LimitKey.self)
        if let bytes = bytes(keys[.bytes], "\(what).bytes") { limit.bytes = bytes.limit }
        if let files = files(keys[.files], "\(what).files") { limit.files = files.limit }
        if keys[.derived]?.scalar?.string == "tenfold" {
            limit.derivedCap = .tenfold
        } else if let derived = bytes(keys[.derived], "\(what).derived") {
            limit.derivedCap = derived.limit.map { .bytes($0) } ?? .unlimited
        }
        return limit
    }

    /// What one inbox may hold, beside the limit of its account.
    mutating func inboxLimit(_ node: Node, _ what: String) -> QuotaLimit {
        var limit = QuotaLimit.unlimited
        let keys = reader.section(node, what, keys: InboxLimitKey.self)
        if let bytes = bytes(keys[.bytes], "\(what).bytes") { limit.bytes = bytes.limit }
        if let files = files(keys[.files], "\(what).files") { limit.files = files.limit }
        return limit
    }

    /// Nil where nothing is said, or nothing that can be understood.
    private mutating func bytes(_ node: Node?, _ what: String) -> Bound<ByteCount>? {
        guard let node else { return nil }
        if node.scalar?.string == "unlimited" { return .unlimited }
        return reader.size(node, what, in: Self.byteRange).map(Bound.at)
    }

    private mutating func files(_ node: Node?, _ what: String) -> Bound<Int>? {
        guard let node else { return nil }
        if node.scalar?.string == "unlimited" { return .unlimited }
        return reader.number(node, what, in: Self.fileRange).map(Bound.at)
    }
}

/// What a config says of one bound.
private enum Bound<Value> {
    case unlimited
    case at(Value)

    var limit: Value? {
        switch self {
        case .unlimited: nil
        case .at(let value): value
        }
    }
}
