import Rules

/// Where the sidecars of one document stand, below its inbox.
public struct SidecarPlace: Sendable, Hashable {
    /// `NAME.status.json`
    public let status: BeneathPath
    /// `NAME.results`
    public let results: BeneathPath

    /// - Parameters:
    ///   - drop: the path of the drop; never the inbox itself.
    ///   - version: nil for the newest document of the name.
    public init(of drop: BeneathPath, version: Int? = nil) {
        guard let name = drop.name else { preconditionFailure("a drop has a name") }
        let names = version.map { SidecarNames(of: name, version: $0) } ?? SidecarNames(of: name)
        status = drop.sibling(names.status)
        results = drop.sibling(names.results)
    }
}
