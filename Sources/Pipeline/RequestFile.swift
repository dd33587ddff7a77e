import Inbox
import Rules

/// The file in an inbox by which its owner asks for something; exists only while ``InboxRoot/run(at:_:)`` runs.
struct RequestFile {
    /// What one look shows.
    enum Sight: Sendable, Hashable {
        case gone
        /// It asks, and can be removed afterwards.
        case asking(DropIdentity)
        /// Somebody has it open for writing, and may be about to fill it: its close tells of it again.
        case inTheMaking
        /// It stays, and nothing is done, for this reason.
        case unfit(DropIdentity, String)
    }

    let files: InboxFiles
    let path: BeneathPath

    /// Nothing is carried out that could not be removed: it would be asked for again and again.
    func look() throws(InboxError) -> Sight {
        guard let entry = try files.entry(path) else { return .gone }
        switch entry.kind {
        case .folder, .link, .special: return .unfit(entry.identity, "it is no regular file")
        case .file: break
        }
        // Nothing that somebody wrote is lost by a request's going.
        guard entry.identity.size == .zero else {
            return .unfit(entry.identity, "it is not empty")
        }
        if let obstacle = try files.obstacleToRemoving(path) {
            return .unfit(entry.identity, "it cannot be removed: \(obstacle.reason)")
        }
        let isWhole = try files.withoutWriters(of: path) {}
        return isWhole ? .asking(entry.identity) : .inTheMaking
    }

    /// Removes the file if it is what was looked at and still empty.
    ///
    /// Not synced: one that comes back after a power cut is known to the catalogue.
    /// So does one that is being written by now: its close tells of it again.
    func remove(_ identity: DropIdentity) throws(InboxError) {
        guard try files.entry(path)?.kind == .file else { return }
        _ = try files.withoutWriters(of: path) { () throws(InboxError) in
            guard let entry = try files.entry(path), entry.kind == .file,
                entry.identity.inode == identity.inode, entry.identity.size == .zero
            else { return }
            try files.unlinkIfThere(path)
        }
    }
}

extension RemovalObstacle {
    fileprivate var reason: String {
        switch self {
        case .folderNotWritable: "its owner may not change the folder"
        case .stickyFolder: "the folder is sticky, and the file is somebody else's"
        case .immutable: "it or its folder is immutable"
        case .readOnlyFileSystem: "the file system is read-only"
        }
    }
}
