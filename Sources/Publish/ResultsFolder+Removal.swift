import Inbox
import Rules
import SystemPackage

/// A file that was published in a results folder.
public struct MadeResult: Sendable, Hashable {
    /// Below the folder.
    public var name: BeneathPath
    public var size: ByteCount

    public init(name: BeneathPath, size: ByteCount) {
        self.name = name
        self.size = size
    }
}

extension ResultsFolder {
    /// Removes what was published, the mark, and each folder that is empty then.
    ///
    /// The results of another document stay. What has another size is not what was published any
    /// more, and stays like all that its owner put there. A file is among what was made once for each
    /// size that it may have.
    ///
    /// - Returns: why something stayed that its owner may not remove.
    func empty(of made: [MadeResult]) throws -> InboxError? {
        var refusals: [InboxError?] = []
        let refusal = try InboxError.refusal {
            guard try files.entry(path)?.kind == .folder, try !isAnothers() else { return }
            refusals.append(try removeFiles(made))
            // Last of the files: what a crash leaves is known as ours until then.
            let mark = path.appending(ResultsMark.name)
            if try files.entry(mark)?.kind == .file {
                refusals.append(try InboxError.refusal { try files.unlinkIfThere(mark) })
            }
            refusals.append(try removeIfEmpty(path))
        }
        return (refusals + [refusal]).compactMap { $0 }.first
    }

    /// Removes what was published in the same way, and leaves the folder itself.
    ///
    /// - Returns: why something stayed that its owner may not remove.
    func remove(_ made: [MadeResult]) throws -> InboxError? {
        let refusal = try removeFiles(made)
        return try refusal ?? InboxError.refusal { try files.syncFolder(path) }
    }

    private func removeFiles(_ made: [MadeResult]) throws -> InboxError? {
        var subfolders: Set<BeneathPath> = []
        var refusals: [InboxError?] = []
        for result in made {
            let target = path.appending(result.name)
            if target.parent != path { subfolders.insert(target.parent) }
            let refusal = try InboxError.refusal {
                guard let entry = try files.entry(target), entry.kind == .file,
                    entry.identity.size == result.size
                else { return }
                try files.unlinkIfThere(target)
            }
            refusals.append(refusal)
        }
        for folder in subfolders { refusals.append(try removeIfEmpty(folder)) }
        return refusals.compactMap { $0 }.first
    }

    private func removeIfEmpty(_ folder: BeneathPath) throws -> InboxError? {
        try InboxError.refusal {
            do throws(InboxError) {
                guard try files.entry(folder)?.kind == .folder else { return }
                try files.removeFolder(folder)
            } catch {
                if error.isAbsence { return }
                guard error.errno == .directoryNotEmpty || error.errno == .fileExists else {
                    throw error
                }
                // Something of its owner's is in it.
                try files.syncFolder(folder)
            }
        }
    }
}

extension InboxError {
    /// Why `body` came to nothing, where its owner may not do it: what they have closed to themselves must
    /// not be asked again for ever.
    static func refusal(of body: () throws -> Void) throws -> InboxError? {
        do {
            try body()
            return nil
        } catch let error as InboxError where error.isOfPermission {
            return error
        }
    }
}
