import Inbox
import Rules
import SystemPackage

/// One file that belongs into a results folder.
public struct ResultItem: Sendable {
    /// Below the folder, with at most one folder of its own: `text.txt`, `pages/0001.jpg`.
    public var name: BeneathPath
    /// Read from its beginning; stays the caller's to close.
    public var source: FileDescriptor

    public init(name: BeneathPath, source: FileDescriptor) {
        precondition(
            !name.isRoot && name.depth <= 2, "results lie at most one folder deep")
        self.name = name
        self.source = source
    }
}

/// Makes a results folder appear whole, or adds to one that stands.
///
/// The folder around it is for the caller to sync.
struct ResultsFolder {
    let files: InboxFiles
    let drop: BeneathPath
    let path: BeneathPath

    /// How many files are open at once, waiting to be synced together.
    private static let batch = 32

    /// - Parameter others: files that are to be synced together with these.
    /// - Returns: where something foreign was moved that stood at the folder's name; nil mostly.
    func fill(
        with items: [ResultItem], beside others: [UnplacedFile]
    ) throws -> BeneathPath? {
        switch try files.entry(path)?.kind {
        case .folder:
            try copy(items, into: path, isNew: false, beside: others)
            return nil
        case nil:
            try makeWhole(items, beside: others)
            return nil
        case .file, .link, .special:
            let moved = try NumberedBackup(files: files, drop: drop).move(path, to: \.results)
            try makeWhole(items, beside: others)
            return moved
        }
    }

    private func makeWhole(_ items: [ResultItem], beside others: [UnplacedFile]) throws {
        let hidden = path.sibling(HiddenName.random())
        try files.makeFolder(hidden)
        do {
            try copy(items, into: hidden, isNew: true, beside: others)
            try files.rename(hidden, to: path, replacing: false)
        } catch {
            do {
                try files.removeTree(hidden)
            } catch {
                // The first error says what is wrong; the recovery at start removes hidden names.
            }
            throw error
        }
    }

    private func copy(
        _ items: [ResultItem], into folder: BeneathPath, isNew: Bool, beside others: [UnplacedFile]
    ) throws {
        let writer = WholeFile(files: files)
        var subfolders: Set<BeneathPath> = []
        var rest = items[...]
        repeat {
            var unplaced: [UnplacedFile] = []
            do {
                for item in rest.prefix(Self.batch) {
                    let target = folder.appending(item.name)
                    if target.parent != folder, subfolders.insert(target.parent).inserted {
                        try makeSubfolder(target.parent)
                    }
                    if !isNew { try clear(target) }
                    unplaced.append(
                        try writer.begin(copying: item.source, for: target, isUnseen: isNew))
                }
                rest = rest.dropFirst(Self.batch)
                try writer.sync(unplaced + (rest.isEmpty ? others : []))
            } catch {
                writer.abandon(unplaced)
                throw error
            }
            try writer.place(unplaced, isDurable: false)
        } while !rest.isEmpty
        for subfolder in subfolders { try files.syncFolder(subfolder) }
        try files.syncFolder(folder)
    }

    /// A file of an earlier publication is replaced; a folder or link that its owner put there is moved aside.
    private func clear(_ target: BeneathPath) throws {
        guard let entry = try files.entry(target), entry.kind != .file else { return }
        try moveAside(target)
    }

    private func makeSubfolder(_ subfolder: BeneathPath) throws {
        switch try files.entry(subfolder)?.kind {
        case .folder:
            return
        case .file, .link, .special:
            try moveAside(subfolder)
            try files.makeFolder(subfolder)
        case nil:
            try files.makeFolder(subfolder)
        }
    }

    private func moveAside(_ path: BeneathPath) throws {
        _ = try NumberedBackup(files: files, drop: path).move(path, to: \.results)
    }
}
