import Inbox
import Rules
import SystemPackage

/// One file that belongs into a results folder.
public struct ResultItem: Sendable {
    /// How many are written at a time, and open meanwhile.
    public static let batch = ResultsFolder.batch

    /// Below the folder, with at most one folder of its own: `text.txt`, `pages/0001.jpg`.
    public var name: BeneathPath
    /// Read from its beginning; stays the caller's to close.
    public var source: FileDescriptor
    /// When it is said to have been written last; nil for now.
    public var modifiedNanoseconds: Int64?

    public init(name: BeneathPath, source: FileDescriptor, modifiedNanoseconds: Int64? = nil) {
        precondition(
            !name.isRoot && name.depth <= 2, "results lie at most one folder deep")
        self.name = name
        self.source = source
        self.modifiedNanoseconds = modifiedNanoseconds
    }
}

/// Results that stand ready in a hidden folder beside their place, all of them synced.
///
/// Whoever has one publishes or abandons it; what a crash leaves is removed when the inbox is served again.
public struct PreparedResults: Sendable {
    /// Whose they are.
    let document: DocumentID
    let folder: BeneathPath
    /// Below the folder.
    let names: [BeneathPath]

    /// The folders within it that hold files.
    fileprivate var subfolders: Set<BeneathPath> {
        Set(names.map(\.parent).filter { !$0.isRoot })
    }
}

/// Makes a results folder appear whole, or adds to one that stands.
///
/// The folder around it is for the caller to sync.
struct ResultsFolder {
    let files: InboxFiles
    let drop: BeneathPath
    let path: BeneathPath
    /// Whose results it holds.
    let document: DocumentID

    /// How many files are open at once, waiting to be synced together.
    static let batch = 32

    /// - Parameters:
    ///   - prepared: files that stand ready; used up in every case.
    ///   - others: files that are to be synced together with these.
    /// - Returns: where something foreign was moved that stood at the folder's name; nil mostly.
    func fill(
        with items: [ResultItem], _ prepared: PreparedResults? = nil, beside others: [UnplacedFile]
    ) throws -> BeneathPath? {
        let standing = try files.entry(path)?.kind
        var isStranger = standing != nil
        if standing == .folder { isStranger = try isAnothers() }
        var moved: BeneathPath?
        if isStranger {
            moved = try NumberedBackup(files: files, drop: drop).move(path, to: \.results)
        }
        guard standing == .folder, !isStranger else {
            try makeWhole(items, prepared, beside: others)
            return moved
        }
        try mark(path, isNew: false)
        if let prepared { try moveIn(prepared) }
        try syncFolders(of: copy(items, into: path, isNew: false, beside: others), in: path)
        return nil
    }

    /// A hidden folder to prepare results of these names in, and the folders within it.
    func beginPreparing(_ names: [BeneathPath]) throws -> PreparedResults {
        let hidden = path.sibling(HiddenName.random())
        try files.makeFolder(hidden)
        let prepared = PreparedResults(document: document, folder: hidden, names: names)
        do {
            // The first of all, and so the first that is copied along with the folder.
            try mark(hidden, isNew: true)
            for subfolder in prepared.subfolders { try makeSubfolder(hidden.appending(subfolder)) }
        } catch {
            abandon(prepared)
            throw error
        }
        return prepared
    }

    /// Adds to what stands ready.
    func prepare(_ items: [ResultItem], in prepared: PreparedResults) throws {
        _ = try copy(items, into: prepared.folder, isNew: true, beside: [])
    }

    /// Removes what stands ready, as far as that can be done.
    func abandon(_ prepared: PreparedResults) {
        do {
            try files.removeTree(prepared.folder)
        } catch {
            // An earlier error says what is wrong; the recovery at start removes hidden names.
        }
    }

    /// Whether another document's results stand in the folder, such as ones that were put back.
    func isAnothers() throws(InboxError) -> Bool {
        let place = path.appending(ResultsMark.name)
        let bytes: [UInt8]?
        do throws(InboxError) {
            bytes = try files.readPrefix(place, limit: ResultsMark.sizeLimit)
        } catch  where error.errno == .permissionDenied {
            // A mark that its owner may not read was not made by ingestd.
            return false
        }
        guard let bytes, let marked = ResultsMark.document(in: bytes) else { return false }
        return marked != document
    }

    /// Lays the mark into a folder. Not synced: one that lost its bytes is a mark all the same.
    private func mark(_ folder: BeneathPath, isNew: Bool) throws {
        let place = folder.appending(ResultsMark.name)
        let text = Array(ResultsMark.text(of: document).utf8)
        if isNew { return try WholeFile(files: files).writeUnseen(text, to: place) }
        try clear(place)
        let standing = try files.entry(place)
        if standing?.uid == files.owner.account.uid,
            standing?.identity.size.bytes == Int64(text.count)
        {
            return
        }
        try WholeFile(files: files).write(text, to: place)
    }

    private func makeWhole(
        _ items: [ResultItem], _ prepared: PreparedResults?, beside others: [UnplacedFile]
    ) throws {
        let hidden = try prepared ?? beginPreparing([])
        do {
            let subfolders = try copy(items, into: hidden.folder, isNew: true, beside: others)
            try syncFolders(of: subfolders.union(hidden.subfolders), in: hidden.folder)
            try files.rename(hidden.folder, to: path, replacing: false)
        } catch {
            abandon(hidden)
            throw error
        }
    }

    /// Renames what stands ready into the folder that is there, over older files.
    private func moveIn(_ prepared: PreparedResults) throws {
        defer { abandon(prepared) }
        for subfolder in prepared.subfolders { try makeSubfolder(path.appending(subfolder)) }
        for name in prepared.names {
            let target = path.appending(name)
            try clear(target)
            try files.rename(prepared.folder.appending(name), to: target, replacing: true)
        }
        try syncFolders(of: prepared.subfolders, in: path)
    }

    private func syncFolders(of subfolders: Set<BeneathPath>, in folder: BeneathPath) throws {
        for subfolder in subfolders { try files.syncFolder(folder.appending(subfolder)) }
        try files.syncFolder(folder)
    }

    /// Copies files; the folders are yet to be synced.
    ///
    /// - Returns: the folders within this one that they stand in.
    private func copy(
        _ items: [ResultItem], into folder: BeneathPath, isNew: Bool, beside others: [UnplacedFile]
    ) throws -> Set<BeneathPath> {
        let writer = WholeFile(files: files)
        var subfolders: Set<BeneathPath> = []
        var rest = items[...]
        repeat {
            var unplaced: [UnplacedFile] = []
            do {
                for item in rest.prefix(Self.batch) {
                    let target = folder.appending(item.name)
                    if target.parent != folder, subfolders.insert(item.name.parent).inserted {
                        try makeSubfolder(target.parent)
                    }
                    if !isNew { try clear(target) }
                    unplaced.append(
                        try writer.begin(
                            copying: item.source, for: target, isUnseen: isNew,
                            modifiedNanoseconds: item.modifiedNanoseconds))
                }
                rest = rest.dropFirst(Self.batch)
                try writer.sync(unplaced + (rest.isEmpty ? others : []))
            } catch {
                writer.abandon(unplaced)
                throw error
            }
            try writer.place(unplaced, isDurable: false)
        } while !rest.isEmpty
        return subfolders
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
