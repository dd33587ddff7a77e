import Glibc
import Inbox
import Intake
import Rules
import SystemPackage

/// Looks at one path of an inbox as the daemon would; exists only while ``InboxRoot/run(_:)`` runs.
///
/// Where somebody else than the owner looks, the owner's rights are judged by permission bits.
struct DropLook {
    let files: InboxFiles
    /// Whose rights decide: the owner of the inbox.
    let owner: Owner
    let settings: InboxSettings
    let path: BeneathPath
    /// Whether the path ended in a slash, so that nothing but a folder can be meant.
    let meansFolder: Bool
    /// What ingestd wrote about it.
    let told: SidecarSight

    /// Whether whoever looks is who would take the file.
    private var isOwner: Bool { files.owner.account == owner.account }

    func sight() -> DropSight {
        var sight = DropSight(finding: .missing)
        var entry: Entry?
        do throws(InboxError) {
            entry = try files.entry(path)
            sight.entry = entry
            sight.fileSystem = kindOfFileSystem()
            // To the kernel a link is merely no folder.
            if entry == nil, let link = firstFolder(where: { $0.kind == .link }) {
                sight.finding = .linkAbove(link)
            }
            if let closed = closedFolder() { sight.finding = closed }
        } catch {
            sight.finding = obstacleOnTheWay(error)
        }
        if entry != nil || sight.finding == .missing {
            sight.status = told.status
            sight.results = told.results
        }
        sight.inbox = told.inbox
        let isFolder = entry?.kind == .folder || (entry == nil && meansFolder)
        if let verdict = verdictOnName(isFolder: isFolder) {
            sight.finding = verdict
        } else if let entry, sight.finding == .missing {
            sight.finding = finding(on: entry)
        }
        return sight
    }

    // MARK: - Names

    /// What the name alone decides; nil where it may be a drop.
    private func verdictOnName(isFolder: Bool) -> Finding? {
        guard !path.isRoot else { return fixed(path) ?? .inboxItself }
        let judged = NameRules(ignore: settings.ignore).judgement(path, isFolder: isFolder)
        switch judged.verdict {
        case .ignored(let rule): return .ignored(rule, on: judged.on)
        case .sidecar: return .sidecar(on: judged.on)
        case .request(let request): return .request(request)
        case .candidate: break
        }
        if let mark = markOfResult { return .ownResult(mark: mark) }
        let isBelow = path.components.count > 1 || isFolder
        return isBelow && !settings.isRecursive ? .notRecursive : nil
    }

    /// The mark that tells the path to be one of ingestd's own results; nil where it is none.
    private var markOfResult: BeneathPath? {
        do throws(InboxError) {
            return try files.isResult(path, of: owner.account) ? ResultsMark.place(for: path) : nil
        } catch {
            // What stands in the way is told for its own sake.
            return nil
        }
    }

    // MARK: - The folders above

    /// Why the path cannot be followed to its end.
    private func obstacleOnTheWay(_ error: InboxError) -> Finding {
        switch error.errno {
        case .tooManySymbolicLinkLevels, .improperLink:
            return .linkAbove(firstFolder { $0.kind == .link } ?? path.parent)
        case .permissionDenied:
            if !isOwner, closedFolder() == nil {
                return .forbidden(denial(.search, to: files.owner))
            }
            return closedFolder() ?? .closedFolder(denial([.read, .search], to: owner))
        case .fileNameTooLong:
            return .refused(Refusal.pathTooLong)
        default:
            return .trouble(error.failure)
        }
    }

    /// The first folder above the path that denies any of `access`.
    private func denial(_ access: Access, to owner: Owner) -> Denial? {
        var denied: Denial?
        _ = firstFolder { entry, path in
            denied = self.denied(access, entry, path, to: owner)
            return denied != nil
        }
        return denied
    }

    private func denied(
        _ access: Access, _ entry: Entry, _ path: BeneathPath, to owner: Owner
    ) -> Denial? {
        let missing = owner.denied(access, of: entry)
        guard !missing.isEmpty else { return nil }
        return Denial(
            path: path, access: missing, bits: owner.accessClass(to: entry), uid: entry.uid)
    }

    private func firstFolder(where isMeant: (Entry) -> Bool) -> BeneathPath? {
        firstFolder { entry, _ in isMeant(entry) }
    }

    /// The inbox, then each folder down to the one that holds the path, until one is meant.
    private func firstFolder(where isMeant: (Entry, BeneathPath) -> Bool) -> BeneathPath? {
        for depth in 0..<max(1, path.components.count) {
            let folder = BeneathPath(Array(path.components.prefix(depth)))
            do throws(InboxError) {
                guard let entry = try files.entry(folder) else { return nil }
                if isMeant(entry, folder) { return folder }
            } catch {
                // What stands behind it cannot be seen; what was meant would have been before it.
                return nil
            }
        }
        return nil
    }

    /// Says which folder on the way the owner cannot enter or read; nil where all are open.
    private func closedFolder() -> Finding? {
        guard isOwner else { return denial([.read, .search], to: owner).map { .closedFolder($0) } }
        for depth in 0..<max(1, path.components.count) {
            let folder = BeneathPath(Array(path.components.prefix(depth)))
            if let closed = closed(folder) { return closed }
        }
        return nil
    }

    /// The same of one folder, by trying.
    private func closed(_ folder: BeneathPath) -> Finding? {
        do throws(InboxError) {
            close(try files.openFolder(folder).rawValue)
            return nil
        } catch {
            guard error.errno == .permissionDenied else { return nil }
            return .closedFolder(denial([.read, .search], to: owner) ?? denied(folder))
        }
    }

    private func denied(_ folder: BeneathPath) -> Denial? {
        do throws(InboxError) {
            return try files.entry(folder).flatMap {
                denied([.read, .search], $0, folder, to: owner)
            }
        } catch {
            return nil
        }
    }

    private func kindOfFileSystem() -> FileSystemKind? {
        do throws(InboxError) {
            let folder = try files.openFolder(path.parent)
            defer { close(folder.rawValue) }
            return FileSystemKind(of: folder)
        } catch {
            // It is a fact beside the others; what is wrong with the folder is told elsewhere.
            return nil
        }
    }

    /// Says what keeps files from leaving a folder; nil where nothing is seen to.
    private func fixed(_ folder: BeneathPath) -> Finding? {
        do throws(InboxError) {
            guard let entry = try files.entry(folder) else { return nil }
            let denial = denied([.write, .search], entry, folder, to: owner)
            let obstacle: RemovalObstacle? =
                if isOwner {
                    try files.obstacleToChanging(folder)
                } else if entry.isImmutable {
                    RemovalObstacle.immutable
                } else {
                    denial.map { _ in RemovalObstacle.folderNotWritable }
                }
            return obstacle.map { .fixedFolder($0, denial) }
        } catch {
            // What is wrong with it is told of each file in it.
            return nil
        }
    }

    // MARK: - The file

    private func finding(on entry: Entry) -> Finding {
        switch entry.kind {
        case .folder:
            if isOwner, let closed = closed(path) { return closed }
            if !isOwner, let denial = denied(path) { return .closedFolder(denial) }
            return fixed(path) ?? .folder
        case .link: return .atSight(Refusal.link)
        case .special: return .atSight(Refusal.special)
        case .file: break
        }
        if entry.linkCount > 1 { return .secondLink }
        if entry.identity.size == .zero { return .empty }
        return isOwner ? ownersFinding(on: entry) : visitorsFinding(on: entry)
    }

    private func ownersFinding(on entry: Entry) -> Finding {
        switch probe(entry, removes: true) {
        case .refused(let failure) where failure.code == .notReadable:
            return .unreadable(failure, denied(.read, entry, path, to: owner))
        case .refused(let failure) where failure.code == .notRemovable:
            do throws(InboxError) {
                if let obstacle = try files.obstacleToRemoving(path) {
                    return notRemovable(obstacle)
                }
            } catch {
                return .trouble(error.failure)
            }
            // It can be removed by now.
            return .changing
        case let probe: return finding(of: probe, entry)
        }
    }

    /// What the owner would meet, as far as somebody else can tell.
    private func visitorsFinding(on entry: Entry) -> Finding {
        if let obstacle = obstacleByBits(to: entry) {
            return notRemovable(obstacle)
        }
        if let denial = denied(.read, entry, path, to: owner) {
            return .unreadable(
                Refusal.unreadable(path, entry: entry, owner: owner), denial)
        }
        switch probe(entry, removes: false) {
        case .refused(let failure) where failure.code == .notReadable:
            return .sound(.contentUnseen)
        // No lease is given to others, so nobody said that its content is all there.
        case .mismatch(let failure):
            return .mismatch(failure, mayBeWritten: failure.code == .typeMismatch)
        case let probe: return finding(of: probe, entry)
        }
    }

    private func probe(_ entry: Entry, removes: Bool) -> Probe {
        DropOpener(settings: settings).probe(
            path, expecting: entry.identity, in: files, removes: removes)
    }

    private func finding(of probe: Probe, _ entry: Entry) -> Finding {
        switch probe {
        case .stillWritten, .admitted(_, .openWriterTimeout): return .stillWritten
        case .admitted(let kind, let proof): return .sound(.admitted(kind, proof))
        case .mismatch(let failure): return .mismatch(failure, mayBeWritten: false)
        case .changed: return .changing
        case .troubled(let failure): return .trouble(failure)
        case .refused(let failure) where failure.code == .tooLarge:
            let name = path.name?.description.lowercased() ?? ""
            let limit = name.hasSuffix(".pdf") ? settings.pdfSizeLimit : settings.tableSizeLimit
            return .tooLarge(failure, limit: limit, excess: entry.identity.size - limit)
        case .refused(let failure): return .refused(failure)
        }
    }

    private func notRemovable(_ obstacle: RemovalObstacle) -> Finding {
        var folder: Entry?
        do throws(InboxError) {
            folder = try files.entry(path.parent)
        } catch {
            // Only whose it is stays untold.
            folder = nil
        }
        let denial = folder.flatMap { denied([.write, .search], $0, path.parent, to: owner) }
        let failure = Refusal.notRemovable(path, obstacle, in: folder, owner: owner.account)
        return .notRemovable(obstacle, failure, denial)
    }

    private func obstacleByBits(to entry: Entry) -> RemovalObstacle? {
        do throws(InboxError) {
            guard let folder = try files.entry(path.parent) else { return nil }
            if let obstacle = RemovalObstacle(to: entry, in: folder, by: owner.account) {
                return obstacle
            }
            return owner.denied([.write, .search], of: folder).isEmpty ? nil : .folderNotWritable
        } catch {
            return nil
        }
    }
}
