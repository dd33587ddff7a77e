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
    /// The number in the sidecars' names of an older document of that name; nil for the newest.
    public let version: Int?

    /// Nil where nothing can be asked about such a name.
    ///
    /// Only names with the extension of a drop are asked about, so that somebody's `thesis.pages`
    /// is a file of theirs and not a request for the pages of `thesis`.
    ///
    /// - Parameter name: the name of a drop, or that of an older document: `report.pdf.~1~`.
    public init?(_ verb: Verb, about name: FileName) {
        let numbered = Self.splitVersion(name)
        let target = numbered?.target ?? name
        guard DropExtension(of: target) != nil else { return nil }
        self.verb = verb
        self.target = target
        version = numbered?.version
    }

    /// The parts of `report.pdf.~1~`; nil for other names.
    private static func splitVersion(_ name: FileName) -> (target: FileName, version: Int)? {
        guard let dot = name.bytes.lastIndex(of: UInt8(ascii: ".")),
            let target = FileName(name.bytes[..<dot]),
            let text = String(validating: name.bytes[(dot + 1)...], as: UTF8.self),
            let version = Int(text.dropFirst().dropLast()), version >= 1, text == "~\(version)~"
        else { return nil }
        return (target, version)
    }

    /// Reads a name; nil where it is no request.
    public init?(name: FileName) {
        guard let dot = name.bytes.lastIndex(of: UInt8(ascii: ".")),
            let target = FileName(name.bytes[..<dot]),
            let text = String(validating: name.bytes[(dot + 1)...], as: UTF8.self),
            let verb = Verb(text: text)
        else { return nil }
        self.init(verb, about: target)
    }

    /// The name of the file by which it is asked for.
    public var name: FileName {
        let number = version.map { ".~\($0)~" } ?? ""
        guard let name = FileName(target.bytes + Array("\(number).\(verb)".utf8)) else {
            preconditionFailure("what follows a file name keeps it one")
        }
        return name
    }
}

extension Request.Verb: CustomStringConvertible {
    private static let pagePrefix = "thumbnail-"

    /// As it stands in names: `retry`, `thumbnail-7`.
    public var description: String {
        switch self {
        case .retry: "retry"
        case .refresh: "refresh"
        case .pages: "pages"
        case .restore: "restore"
        case .delete: "delete"
        case .thumbnail(nil): "thumbnail"
        case .thumbnail(let page?): "\(Self.pagePrefix)\(page)"
        }
    }

    /// Reads what ``description`` writes; nil for anything else.
    public init?(text: String) {
        switch text {
        case "retry": self = .retry
        case "refresh": self = .refresh
        case "pages": self = .pages
        case "restore": self = .restore
        case "delete": self = .delete
        case "thumbnail": self = .thumbnail(page: nil)
        default:
            guard text.hasPrefix(Self.pagePrefix),
                let page = Int(text.dropFirst(Self.pagePrefix.count)), page >= 1,
                // One spelling only: `+7` and `007` are names of files.
                text == "\(Self.pagePrefix)\(page)"
            else { return nil }
            self = .thumbnail(page: page)
        }
    }
}
