import Inbox
import Rules
import SystemPackage

/// Writes the sidecars of one drop; exists only while ``InboxRoot/run(at:_:)`` runs.
public struct SidecarWriter {
    private let files: InboxFiles
    private let drop: BeneathPath
    private let place: SidecarPlace

    /// - Parameter version: nil for the newest document of the name.
    public init(_ files: InboxFiles, drop: BeneathPath, version: Int? = nil) {
        self.files = files
        self.drop = drop
        place = SidecarPlace(of: drop, version: version)
    }

    /// Replaces the status file as a whole; nothing is synced.
    ///
    /// - Returns: where something foreign was moved that stood at its name; nil mostly.
    public func writeStatus(_ text: String) throws -> BeneathPath? {
        try makeRoom()
        let moved = try clearStatusName()
        try WholeFile(files: files).write(Array(text.utf8), to: place.status)
        return moved
    }

    /// Replaces the status file as a whole; it outlasts a power cut once this returns.
    ///
    /// - Returns: where something foreign was moved that stood at its name; nil mostly.
    public func keepStatus(_ text: String) throws -> BeneathPath? {
        try makeRoom()
        let moved = try clearStatusName()
        let writer = WholeFile(files: files)
        try writer.place([try writer.begin(Array(text.utf8), for: place.status)], isDurable: true)
        try files.syncFolder(place.status.parent)
        return moved
    }

    /// Removes the status file if it is ours.
    public func removeStatus() throws(InboxError) {
        guard try files.statusMark(at: place.status) == .ours else { return }
        try files.unlinkIfThere(place.status)
    }

    /// Removes a document's sidecars, and nothing that somebody else put there; that outlasts a power
    /// cut once this returns.
    ///
    /// - Parameters:
    ///   - document: whose sidecars they are.
    ///   - made: what was published of it. A file that has another size by now is somebody else's work.
    ///   - keepsStatus: whether the status file speaks of something else by now.
    /// - Returns: why something stayed that its owner may not remove; nil mostly.
    public func removeAll(
        of document: DocumentID, _ made: [MadeResult], keepsStatus: Bool
    ) throws -> InboxError? {
        var refusals: [InboxError?] = []
        if !keepsStatus { refusals.append(try removeStatusIfAllowed()) }
        refusals.append(try results(of: document).empty(of: made))
        do throws(InboxError) {
            try files.syncFolder(place.status.parent)
        } catch {
            // Else the folder went with all that was in it, or its owner has closed it.
            guard error.isAbsence || error.isOfPermission else { throw error }
        }
        return refusals.compactMap { $0 }.first
    }

    private func removeStatusIfAllowed() throws -> InboxError? {
        try InboxError.refusal { try removeStatus() }
    }

    /// Makes the results folder hold these files, and then replaces the status file; both outlast a
    /// power cut once this returns.
    ///
    /// A folder that is not there yet appears whole, and what its owner put into one besides stays.
    /// One that holds another document's results is moved aside.
    ///
    /// - Parameters:
    ///   - document: whose sidecars they are.
    ///   - prepared: more files, which stand ready; used up in every case.
    ///   - former: what an earlier publication put there and this one does not: it goes, unless its owner
    ///     has changed it.
    ///   - status: nil leaves the status file as it is.
    /// - Returns: where something foreign was moved that stood at their names; nothing mostly.
    public func publish(
        of document: DocumentID, _ items: [ResultItem], _ prepared: PreparedResults? = nil,
        former: [MadeResult] = [],
        status: String?
    ) throws -> [BeneathPath] {
        let results = results(of: document)
        let writer = WholeFile(files: files)
        // Written before anything is synced, so that the disk takes all of it together.
        let unplaced: [UnplacedFile]
        do {
            try makeRoom()
            unplaced =
                try status.map { [try writer.begin(Array($0.utf8), for: place.status)] } ?? []
        } catch {
            prepared.map(results.abandon)
            throw error
        }
        var moved: [BeneathPath] = []
        do {
            try results.fill(with: items, prepared, beside: unplaced).map { moved.append($0) }
            // What its owner keeps from being removed is in nobody's way.
            if !former.isEmpty { _ = try results.remove(former) }
            if status != nil { try clearStatusName().map { moved.append($0) } }
        } catch {
            writer.abandon(unplaced)
            throw error
        }
        try writer.place(unplaced, isDurable: false)
        try files.syncFolder(place.status.parent)
        return moved
    }

    /// Begins to make results ready beside their place: where there are many, nothing else need wait
    /// for them meanwhile.
    ///
    /// - Parameters:
    ///   - document: whose results they are.
    ///   - names: those of all files that are then added.
    public func beginResults(
        of document: DocumentID, _ names: [BeneathPath]
    ) throws -> PreparedResults {
        try makeRoom()
        return try results(of: document).beginPreparing(names)
    }

    /// Adds to what stands ready; each file outlasts a power cut once its folder does.
    public func add(_ items: [ResultItem], to prepared: PreparedResults) throws {
        try results(of: prepared.document).prepare(items, in: prepared)
    }

    /// Removes what stands ready.
    public func abandon(_ prepared: PreparedResults) {
        results(of: prepared.document).abandon(prepared)
    }

    private func makeRoom() throws {
        try CollectionFolders(files: files).make(place.status.parent)
    }

    private func results(of document: DocumentID) -> ResultsFolder {
        ResultsFolder(files: files, drop: drop, path: place.results, document: document)
    }

    /// Gives the results folder of this place to an older document of the name.
    ///
    /// - Returns: the version whose names it has now: the proposed one, or the next that is free.
    public func moveResults(toVersion proposed: Int) throws -> Int {
        guard try files.entry(place.results)?.kind == .folder else { return proposed }
        for version in proposed..<(proposed + NumberedBackup.limit) {
            let target = SidecarPlace(of: drop, version: version).results
            if try files.renameIfFree(place.results, to: target) {
                try files.syncFolder(place.results.parent)
                return version
            }
        }
        throw PublishError.noFreeName(place.results)
    }

    private func clearStatusName() throws -> BeneathPath? {
        guard try files.entry(place.status) != nil,
            try files.statusMark(at: place.status) == .foreign
        else { return nil }
        return try NumberedBackup(files: files, drop: drop).move(place.status, to: \.status)
    }
}

/// Whose a file at a status file's name is.
private enum StatusMark: Sendable {
    case ours
    /// Empty, or nothing but zero bytes: status files are not synced each time, and this is what a power
    /// cut leaves of one. Nobody loses anything in it.
    case emptied
    case foreign
}

extension InboxFiles {
    /// Longer than any status file: one of 20,000 pictures of pages has 2 MB. One that is longer still is
    /// not read to its end.
    private static var statusLimit: Int { 4 << 20 }

    /// Whose the status file at `path` is.
    ///
    /// One that its owner may not read is foreign: ingestd writes as the owner.
    fileprivate func statusMark(at path: BeneathPath) throws(InboxError) -> StatusMark {
        do throws(InboxError) {
            guard let opening = try readPrefix(path, limit: SidecarNames.openingLength) else {
                return .foreign
            }
            if SidecarNames.isStatus(opening: opening) { return .ours }
            guard opening.allSatisfy({ $0 == 0 }),
                let whole = try readPrefix(path, limit: Self.statusLimit),
                whole.count < Self.statusLimit, whole.allSatisfy({ $0 == 0 })
            else { return .foreign }
            return .emptied
        } catch  where error.errno == .permissionDenied {
            return .foreign
        }
    }
}

/// Writes the status file of an inbox as a whole.
public enum InboxStatusFile {
    /// Where it stands, below the inbox.
    public static let path = BeneathPath([SidecarNames.inboxStatus])

    /// Replaces it as a whole, unless something that is not ours stands there.
    ///
    /// - Returns: whether it was written.
    public static func write(_ status: InboxStatus, _ files: InboxFiles) throws -> Bool {
        guard try files.entry(path) == nil || files.statusMark(at: path) != .foreign else {
            return false
        }
        try WholeFile(files: files).write(Array(status.json.utf8), to: path)
        return true
    }
}
