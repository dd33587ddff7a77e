/// Where the sidecars of an inbox stand if not beside the drops, as the config says it.
///
/// Either absolute, or `../` and a path from the folder that the inbox stands in. `{name}` is the
/// inbox's own name, `{user}` that of its owner.
///
/// Rule: docs/formats.md, "Results elsewhere".
public struct ResultsPlace: Sendable, Hashable {
    /// What is wrong with a text, for whoever wrote it.
    public struct Mistake: Error, Sendable, Hashable {
        public let message: String
    }

    private static let beside = "../"
    private static let name = "{name}"
    private static let user = "{user}"

    /// As the config has it, slashes made plain.
    public let text: String
    /// Whether it begins beside the inbox.
    private let isRelative: Bool
    private let components: [String]

    public init(_ text: String) throws(Mistake) {
        isRelative = text.hasPrefix(Self.beside)
        guard isRelative || text.hasPrefix("/"), !text.utf8.contains(0) else {
            throw Mistake(
                message: "must be an absolute path, or “../” and a path from the folder that the "
                    + "inbox stands in, not “\(text)”: in the inbox itself results would be drops")
        }
        let rest = isRelative ? text.dropFirst(Self.beside.count) : text[...]
        components = rest.split(separator: "/").filter { $0 != "." }.map(String.init)
        guard !components.isEmpty else {
            throw Mistake(message: "names no folder")
        }
        guard !components.contains("..") else {
            throw Mistake(
                message: "has “..” behind its beginning, which may lead elsewhere behind a link; "
                    + "write an absolute path")
        }
        let plain = components.joined(separator: "/")
        self.text = (isRelative ? Self.beside : "/") + plain
        let left = plain.replacing(Self.name, with: "").replacing(Self.user, with: "")
        guard !left.contains("{"), !left.contains("}") else {
            throw Mistake(message: "may have {name} and {user} between braces, and nothing else")
        }
    }

    /// Where it is for one inbox; nil where a name among them is none of a folder.
    ///
    /// - Parameter inbox: absolute, with all wildcards filled in.
    public func path(for inbox: String, of account: Account) -> String? {
        let parts = inbox.split(separator: "/")
        guard let name = parts.last else { return nil }
        let user = account.name ?? "\(account.uid)"
        guard FileName(user.utf8) != nil else { return nil }
        let filled = components.map {
            $0.replacing(Self.name, with: name).replacing(Self.user, with: user)
        }
        guard filled.allSatisfy({ FileName($0.utf8) != nil }) else { return nil }
        let above = isRelative ? parts.dropLast().map(String.init) : []
        return "/" + (above + filled).joined(separator: "/")
    }

    /// What is wrong with it for the inboxes of a pattern: each needs a place of its own; nil where
    /// nothing is.
    ///
    /// - Parameter isLastFixed: whether all matches bear the same name, as those of `/home/*/Inbox`.
    public func mistake(forPatternWithFixedName isLastFixed: Bool) -> Mistake? {
        let hasName = text.contains(Self.name) && !isLastFixed
        let isApart = isRelative && isLastFixed
        guard !isApart, !hasName, !text.contains(Self.user) else { return nil }
        return Mistake(
            message: "would be one folder for all inboxes of the pattern; each needs its own: "
                + (isLastFixed ? "write {user}, or “../Results”" : "write {name} or {user}"))
    }

    /// The part of an absolute place that is the same for every inbox; nil for one beside the inbox.
    public var fixedPath: String? {
        guard !isRelative else { return nil }
        return "/" + components.prefix { !$0.contains("{") }.joined(separator: "/")
    }

    /// Whether its owner's name is a part of it.
    public var needsUser: Bool { text.contains(Self.user) }
}

/// Why the folder that sidecars belong into cannot be used.
public enum ResultsObstacle: Sendable, Hashable {
    case missing
    /// A link or a file stands there.
    case noFolder
    /// It is not the inbox's owner's.
    case othersAccount(Account, owner: Account)
    /// Nothing is mounted where it used to be, or belongs, on a mount.
    case notMounted(at: String)
    /// It cannot be reached, for now.
    case unreachable(String)
    /// It is, holds or stands in something else of ingestd's, which this names.
    case crowded(String)
    /// The names that make it up are none of folders.
    case noPath

    /// The reason and what to do about it, without a full stop.
    public var reason: String {
        switch self {
        case .missing: "it is not there; make it, as the inbox's owner"
        case .noFolder: "a link or a file stands there, and no folder"
        case .othersAccount(let account, let owner):
            "it belongs to \(account) (uid \(account.uid)), and has to be \(owner)'s "
                + "(uid \(owner.uid)) like the inbox"
        case .notMounted(let point):
            "the share is not mounted, only the folder beneath it is there: mount \(point)"
        case .unreachable(let detail): detail
        case .crowded(let other): "it is, holds or stands in \(other)"
        case .noPath: "a name of its owner's or the inbox's makes no path of it"
        }
    }
}
