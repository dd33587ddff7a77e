import Inbox
import Rules
import SystemPackage

/// Makes the folders of collections where sidecars stand elsewhere than beside the drops.
///
/// Beside the drops a folder that is gone was its owner's, and is not made again.
struct CollectionFolders {
    let files: InboxFiles

    /// Makes a folder and those above it, unless they are there; they outlast a power cut.
    ///
    /// - Returns: where something foreign was moved that stood at one's name; nil mostly.
    @discardableResult
    func make(_ folder: BeneathPath) throws -> BeneathPath? {
        guard files.makesFolders else { return nil }
        var moved: BeneathPath?
        var path = BeneathPath()
        for name in folder.components {
            path = path.appending(name)
            switch try files.entry(path)?.kind {
            case .folder: continue
            case .file, .link, .special:
                moved = try NumberedBackup(files: files, drop: path).move(path, to: \.results)
            case nil: break
            }
            try makeOne(path)
            try files.syncFolder(path.parent)
        }
        return moved
    }

    private func makeOne(_ path: BeneathPath) throws(InboxError) {
        do throws(InboxError) {
            try files.makeFolder(path)
        } catch  where error.errno == .fileExists {
            // Its owner was faster.
        }
    }
}
