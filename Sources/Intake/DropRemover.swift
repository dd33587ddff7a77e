import Inbox
import Rules
import SystemPackage

/// What became of the name of a claimed drop.
public enum RemovalOutcome: Sendable, Hashable {
    case removed
    /// Nothing, or already another file, stands under the name.
    case alreadyGone
    /// A newer file had taken the name, or a writer had opened the drop by it; what was set aside
    /// stands under this one now, and is a drop of its own.
    case newerReturned(BeneathPath)
    /// The drop, or what was set aside, is still there.
    case failed(InboxError)
}

/// Removes the name of a drop that is safely in the store, and never anything newer.
///
/// The name is set aside under a hidden one, compared, and only then removed, all in the one folder
/// that its path led to. A crash at any point is mended by ``finish(_:hiddenName:identity:in:)``.
/// What is done is synced: else a power cut could bring the name back.
/// Rule: docs/design.md, "Removing a drop".
public struct DropRemover: Sendable {
    /// The moments between the steps of a removal, at which a test may interfere.
    public enum Step: Sendable, Hashable {
        case compared, setAside, comparedAside
    }

    /// How many names are tried for a file that cannot have its own back.
    private static let returnAttempts = 100

    private let isWriterWaiting: @Sendable () -> Bool
    private let checkpoint: @Sendable (Step) -> Void

    /// - Parameter isWriterWaiting: whether somebody has opened the drop to write it. Asked once
    ///   nobody can open it by its name any more: what they are about to write must not go with it.
    public init(
        checkpoint: @escaping @Sendable (Step) -> Void = { _ in },
        isWriterWaiting: @escaping @Sendable () -> Bool = { false }
    ) {
        self.isWriterWaiting = isWriterWaiting
        self.checkpoint = checkpoint
    }

    /// Removes `path` if it still is what was read, as `identity` says.
    public func remove(
        _ path: BeneathPath, hiddenName: FileName, identity: DropIdentity, in files: InboxFiles
    ) -> RemovalOutcome {
        inFolder(of: path, files) { path, files throws(InboxError) in
            try remove(path, aside: path.sibling(hiddenName), identity, files)
        }
    }

    /// Ends a removal that a crash may have interrupted anywhere, or that never began.
    public func finish(
        _ path: BeneathPath, hiddenName: FileName, identity: DropIdentity, in files: InboxFiles
    ) -> RemovalOutcome {
        inFolder(of: path, files) { path, files throws(InboxError) in
            let hidden = path.sibling(hiddenName)
            guard try files.entry(hidden) == nil else {
                return try settle(hidden, path, identity, files)
            }
            return try remove(path, aside: hidden, identity, files)
        }
    }

    /// Does all of a removal in the folder that the path leads to now: its owner may move that while
    /// something is set aside in it.
    private func inFolder(
        of path: BeneathPath, _ files: InboxFiles,
        _ body: (BeneathPath, InboxFiles) throws(InboxError) -> RemovalOutcome
    ) -> RemovalOutcome {
        guard let name = path.name else { return .alreadyGone }
        do throws(InboxError) {
            return try files.inFolder(path.parent) { folder throws(InboxError) in
                let outcome = try body(BeneathPath([name]), folder)
                guard case .failed = outcome else {
                    try folder.syncFolder(BeneathPath())
                    guard case .newerReturned(let returned) = outcome else { return outcome }
                    return .newerReturned(path.parent.appending(returned))
                }
                return outcome
            }
        } catch {
            return error.isAbsence ? .alreadyGone : .failed(error)
        }
    }

    private func remove(
        _ path: BeneathPath, aside hidden: BeneathPath, _ identity: DropIdentity,
        _ files: InboxFiles
    ) throws(InboxError) -> RemovalOutcome {
        guard let entry = try files.entry(path), entry.identity.isSameContent(as: identity)
        else { return .alreadyGone }
        checkpoint(.compared)
        do throws(InboxError) {
            try setAside(path, hidden, files)
        } catch  where error.isAbsence {
            return .alreadyGone
        } catch  where error.errno == .fileExists {
            // An earlier removal of the same document stopped half-way.
            guard case .removed = try settle(hidden, path, identity, files) else {
                return .failed(error)
            }
            try setAside(path, hidden, files)
        }
        checkpoint(.setAside)
        return try settle(hidden, path, identity, files)
    }

    private func setAside(
        _ path: BeneathPath, _ hidden: BeneathPath, _ files: InboxFiles
    ) throws(InboxError) {
        do throws(InboxError) {
            try files.rename(path, to: hidden, replacing: false)
        } catch  where error.errno == .invalidArgument {
            // The file system cannot promise it; the hidden name is this document's alone.
            guard try files.entry(hidden) == nil else {
                throw .callFailed(call: "rename", path: path, .fileExists)
            }
            try files.rename(path, to: hidden, replacing: true)
        }
    }

    /// Removes what was set aside, or gives it back where it is something newer.
    private func settle(
        _ hidden: BeneathPath, _ path: BeneathPath, _ identity: DropIdentity, _ files: InboxFiles
    ) throws(InboxError) -> RemovalOutcome {
        guard let entry = try files.entry(hidden) else { return .alreadyGone }
        checkpoint(.comparedAside)
        if entry.identity.isSameContent(as: identity), !isWriterWaiting() {
            try files.unlink(hidden)
            return .removed
        }
        for attempt in 1...Self.returnAttempts {
            let target = path.numbered(attempt)
            do throws(InboxError) {
                try giveBack(hidden, target, files)
                return .newerReturned(target)
            } catch  where error.errno == .fileExists {
                continue
            }
        }
        throw .callFailed(call: "rename back", path: path, .fileExists)
    }

    private func giveBack(
        _ hidden: BeneathPath, _ target: BeneathPath, _ files: InboxFiles
    ) throws(InboxError) {
        do throws(InboxError) {
            try files.rename(hidden, to: target, replacing: false)
        } catch  where error.errno == .invalidArgument {
            // A second link never replaces anything, on any file system.
            try files.link(hidden, to: target)
            try files.unlink(hidden)
        }
    }
}

extension BeneathPath {
    /// The path itself at first, then `report (2).pdf`, `report (3).pdf` …, cut to fit.
    fileprivate func numbered(_ attempt: Int) -> BeneathPath {
        guard attempt > 1, let name else { return self }
        return sibling(name.numbered(attempt))
    }
}
