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
