import Inbox
import Rules

/// Moves what is not ours out of a sidecar's way, never over anything.
///
/// Rule: docs/formats.md, "Sidecars": GNU numbered backups.
struct NumberedBackup {
    /// How many backups of one name there may be.
    static let limit = 10_000

    let files: InboxFiles
    /// The drop whose sidecar's name is wanted.
    let drop: BeneathPath

    /// Renames what stands at `path` to the first free numbered name; returns that name.
    ///
    /// - Parameter name: picks the status or the results name from a numbered pair.
    func move(_ path: BeneathPath, to name: KeyPath<SidecarPlace, BeneathPath>) throws
        -> BeneathPath
    {
        for version in 1...Self.limit {
            let target = SidecarPlace(of: drop, version: version)[keyPath: name]
            if try files.renameIfFree(path, to: target) { return target }
        }
        throw PublishError.noFreeName(path)
    }
}
