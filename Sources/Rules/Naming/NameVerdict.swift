/// What a name alone says about an entry of an inbox.
public enum NameVerdict: Sendable, Hashable {
    /// A file that may be a drop, or a folder that may hold some.
    case candidate
    /// Never looked at.
    case ignored(IgnoreRule)
    /// ingestd's own output, or what stands at its place.
    case sidecar
    case request(Request)
}

/// The rule by which a name is never looked at, for `ingestd explain`.
public enum IgnoreRule: Sendable, Hashable, CustomStringConvertible {
    /// One that holds in every inbox: what it looks for.
    case builtIn(String)
    /// A glob of the inbox's own `ignore`.
    case configured(glob: String)

    public var description: String {
        switch self {
        case .builtIn(let rule): rule
        case .configured(let glob): "ignore: \(glob)"
        }
    }
}

/// What an owner asks for by creating an empty file named `NAME.VERB`.
///
/// Rule: docs/formats.md, "Requests".
public struct Request: Sendable, Hashable {
    /// What is asked for.
    public enum Verb: Sendable, Hashable {
        case retry, refresh, pages, restore, delete
        /// A new cover; the page is counted from one, nil leaves it to the settings.
        case thumbnail(page: Int?)
    }

    public let verb: Verb
    /// The name of the file that it is about.
    public let target: FileName

    /// Reads a name; nil where it is no request.
    ///
    /// Only names with the extension of a drop are asked about, so that somebody's `thesis.pages`
    /// is a file of theirs and not a request for the pages of `thesis`.
    init?(name: FileName) {
        guard let dot = name.bytes.lastIndex(of: UInt8(ascii: ".")),
            let target = FileName(name.bytes[..<dot]), DropExtension(of: target) != nil,
            let text = String(validating: name.bytes[(dot + 1)...], as: UTF8.self),
            let verb = Verb(text: text)
        else { return nil }
        self.verb = verb
        self.target = target
    }
}

extension Request.Verb {
    private static let pagePrefix = "thumbnail-"

    fileprivate init?(text: String) {
        switch text {
        case "retry": self = .retry
        case "refresh": self = .refresh
        case "pages": self = .pages
        case "restore": self = .restore
        case "delete": self = .delete
        case "thumbnail": self = .thumbnail(page: nil)
        default:
            guard text.hasPrefix(Self.pagePrefix),
                let page = Int(text.dropFirst(Self.pagePrefix.count)), page >= 1
            else { return nil }
            self = .thumbnail(page: page)
        }
    }
}
