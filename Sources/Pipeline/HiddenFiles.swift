import Inbox
import Rules
import Synchronization
import SystemPackage

/// The files and folders of an inbox that are being made under hidden names.
struct HiddenFiles {
    /// No folder deeper than this is looked into; the kernel's paths end before.
    private static let depthLimit = 2048

    private let files: InboxFiles
    /// What is mounted beneath the inbox, and is looked through by itself.
    private let mounts: Submounts
    /// Whether somebody still waits for the outcome: what comes later may be in use again.
    private let interest: Interest
    /// How many were removed.
    private(set) var removedCount = 0
    /// Why something of the kind was left.
    private(set) var firstFailure: Failure?

    init(
        files: InboxFiles, mounts: Submounts, interest: Interest
    ) {
        self.files = files
        self.mounts = mounts
        self.interest = interest
    }

    /// Removes all that can be removed in a folder and beneath it, on its own mount.
    ///
    /// What was set aside from a removal is left: the catalogue knows what that is.
    mutating func removeAll(in top: BeneathPath) {
        let (files, mounts) = (files, mounts)
        let device = mounts.device(of: top)
        var folders = [top]
        while let folder = folders.popLast(), interest.isThere {
            var made: [(path: BeneathPath, isFolder: Bool)] = []
            // A folder that its owner may not read, or that went away, holds nothing of ours.
            attempt(sparing: { $0.errno == .permissionDenied || $0.isAbsence }) {
                try files.list(folder) { name, kind in
                    let path = folder.appending(name)
                    if HiddenName.isTemporary(name) {
                        made.append((path, kind == .folder))
                    } else if kind == .folder, path.depth < Self.depthLimit,
                        mounts.device(of: path) == device
                    {
                        folders.append(path)
                    }
                    return true
                }
            }
            for (path, isFolder) in made where interest.isThere {
                let isRemoved = attempt(sparing: \.isAbsence) {
                    if isFolder { try files.removeTree(path) } else { try files.unlink(path) }
                }
                if isRemoved { removedCount += 1 }
            }
        }
    }

    /// Keeps the first reason why something failed, unless it is one to be spared; returns whether
    /// nothing did.
    @discardableResult
    private mutating func attempt(
        sparing isSpared: (InboxError) -> Bool, _ body: () throws -> Void
    ) -> Bool {
        do {
            try body()
            return true
        } catch {
            if let error = error as? InboxError, isSpared(error) { return false }
            firstFailure = firstFailure ?? House.failure(of: error)
            return false
        }
    }
}

/// Whether somebody still waits for what a thread is about.
final class Interest: Sendable {
    private let state = Mutex(true)

    var isThere: Bool { state.withLock { $0 } }

    func lose() { state.withLock { $0 = false } }
}
