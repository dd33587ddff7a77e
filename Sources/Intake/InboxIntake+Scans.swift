import Inbox
import Rules
import SystemPackage

extension InboxIntake {
    /// What reading one folder gave.
    struct Listing: Sendable {
        var files: [BeneathPath] = []
        var folders: [BeneathPath] = []
        var requests: [BeneathPath] = []
        var canaries: [FileName] = []
        var leftOutCount = 0
        /// Nil where the kernel reports nothing there.
        var watch: DropWatcher.Answer?
    }

    /// Takes in what the watches told.
    func absorbMarks() {
        let marks = box.take()
        if marks.isRootDoubtful { isRootDoubtful = true }
        for folder in marks.goneFolders { lookBeneath(folder) }
        for (path, isClosing) in marks.files { mark(path, isClosing: isClosing) }
        for request in marks.requests { noteRequest(request) }
        canaries.formUnion(marks.canaries)
        for folder in marks.folders { queue(folder) }
        if marks.hasOverflowed {
            journal(JournalLine(.eventsOverflowed, fields([:])))
            lookBeneath(BeneathPath())
            queue(BeneathPath())
        }
    }

    /// Queues the rescan or poll whose time has come, and the names whose look is due.
    func queueWhatIsDue() {
        let now = time.elapsed()
        if let due = nextRescan, due <= now {
            isCountingUnnotified = hasScannedOnce && root.reportsEvents
            unnotifiedCount = 0
            lookBeneath(BeneathPath())
            queue(BeneathPath())
            scheduleRescan(after: now)
        }
        beginPolls(at: now)
        if hasRoomForDeferred {
            hasDeferred = false
            queue(BeneathPath())
        }
        while let first = deadlines.first, first.priority <= now {
            _ = deadlines.popFirst()
            guard candidates[first.item]?.deadline == first.priority else { continue }
            candidates[first.item]?.deadline = nil
            mark(first.item, isClosing: false)
        }
    }

    /// The first rescan is due at once.
    func scheduleRescan(after now: Duration? = nil) {
        nextRescan = now.map { $0 + settings.rescan } ?? .zero
    }

    func nextFolder() -> BeneathPath? {
        guard let folder = folders.popLast() else { return nil }
        queuedFolders.remove(folder)
        return folder
    }

    func queue(_ folder: BeneathPath) {
        if let device = lane(of: folder) {
            if !lanes[device, default: MountLane()].queue(folder) { deferredCount += 1 }
            bell.ring()
            return
        }
        guard folders.count < Self.folderLimit else {
            deferredCount += 1
            return
        }
        if queuedFolders.insert(folder).inserted { folders.append(folder) }
    }

    /// Watches a folder, then reads it: what comes after the watch is told, what came before is
    /// read.
    func scan(_ folder: BeneathPath) async {
        if folder.isRoot {
            await confirmRoot()
            guard !isRootLost else { return }
        }
        // Names that are known already need no room; those that find none are deferred when marked.
        let room = candidateLimit
        do {
            let listing = try await root.run(at: folder) {
                [rules, watcher, box, settings, mounts, account, takesDrops] files in
                var listing = Listing()
                try files.list(folder) { descriptor in
                    if files.reportsEvents(descriptor) {
                        listing.watch = watcher.watch(descriptor, folder, for: box)
                    }
                } _: { name, kind in
                    if folder.isRoot { listing.noteCanary(name) }
                    let path = folder.appending(name)
                    // Not every file system tells the kind with the name; what is mounted there is
                    // not to be touched from here.
                    let known = kind ?? (mounts.points.contains(path) ? .folder : nil)
                    guard let kind = try known ?? files.entry(path)?.kind else { return true }
                    listing.add(path, kind, rules, settings, takesDrops, room: room)
                    return true
                }
                try listing.leaveOutResults(files, of: account)
                return listing
            }
            absorb(listing, of: folder)
        } catch {
            noteUnreadable(folder, error)
        }
    }

    private func absorb(_ listing: Listing, of folder: BeneathPath) {
        // What an event has told by now is no find of the rescan's.
        absorbMarks()
        for path in listing.files {
            if isCountingUnnotified, listing.watch == .watching, candidates[path] == nil,
                !dirty.contains(path)
            {
                unnotifiedCount += 1
            }
            mark(path, isClosing: false)
        }
        for request in listing.requests { noteRequest(request) }
        canaries.formUnion(listing.canaries)
        for folder in listing.folders { queue(folder) }
        deferredCount += listing.leftOutCount
        noteWatch(listing.watch, of: folder)
    }

    /// Folders without a watch are read at each poll, whole: their own folders are among them.
    private func noteWatch(_ answer: DropWatcher.Answer?, of folder: BeneathPath) {
        switch answer {
        case .watching:
            unpoll(folder)
        case nil:
            poll(folder)
        case .exhausted, .failed:
            if !areWatchesExhausted {
                areWatchesExhausted = true
                let reason =
                    if case .failed(let errno) = answer { "\(errno)" } else {
                        "raise the sysctl fs.inotify.max_user_watches"
                    }
                journal(
                    JournalLine(
                        .watchesExhausted,
                        fields(
                            [.reason: reason, .count: String(watcher.watchCount)], path: folder)))
            }
            poll(folder)
        }
    }

    /// Sees whether the inbox's path still leads to the directory that was opened.
    func confirmRoot() async {
        isRootDoubtful = false
        do {
            if let loss = try await root.loss() { lose(loss) }
        } catch {
            // Nothing is known then, and nothing is concluded; the scan that follows says what is
            // wrong.
        }
    }

    /// Something was mounted or unmounted somewhere: what is mounted beneath the inbox is compared.
    public nonisolated func noticeMounts() { bell.ring() }

    /// Looks for what no event will tell of again, from the inbox itself down.
    public nonisolated func lookThrough() { box.markFolder(BeneathPath(), isGone: false) }

    /// Has the root confirmed, since something in it was not where it should be.
    public func doubtRoot() { box.markRootDoubtful() }

    /// The root is not the inbox any more: ``run()`` comes to its end, and nobody is told that a
    /// drop vanished.
    public func lose(_ loss: InboxLoss) {
        guard !isRootLost, !isOver else { return }
        isRootLost = true
        bell.ring()
        // Of the folder for results the inbox tells.
        guard takesDrops else { return }
        journal(JournalLine(.inboxLost, fields([.reason: loss.rawValue])))
    }

    private func noteRequest(_ path: BeneathPath) { report(.requested(path)) }

    private func noteUnreadable(_ folder: BeneathPath, _ error: any Error) {
        guard let error = error as? InboxError else {
            preconditionFailure("only the inbox itself fails while it is listed: \(error)")
        }
        switch error.errno {
        // Nothing to read there until somebody changes it, which is told, or the next rescan finds
        // it.
        case .noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels, .permissionDenied,
            .fileNameTooLong:
            if folder.isRoot, !root.reportsEvents { poll(folder) } else { unpoll(folder) }
        default: poll(folder)
        }
        // A folder that left while its turn came is no news, and neither is one that became a link.
        if error.isAbsence || error.errno == .tooManySymbolicLinkLevels, !folder.isRoot { return }
        journal(
            JournalLine(
                .folderUnreadable, fields([.detail: error.failure.detail], path: folder)))
    }

    /// Marks every known name below a folder.
    func lookBeneath(_ folder: BeneathPath) {
        for path in candidates.keys where path.isBelow(folder) { mark(path, isClosing: false) }
    }
}

extension InboxIntake.Listing {
    /// Drops what is ingestd's own though its folder bears another name by now.
    fileprivate mutating func leaveOutResults(
        _ inbox: InboxFiles, of account: Account
    ) throws(InboxError) {
        // One mark may be about thousands of pictures.
        var known: [BeneathPath: Bool] = [:]
        var drops: [BeneathPath] = []
        for path in files {
            guard let mark = ResultsMark.place(for: path) else {
                drops.append(path)
                continue
            }
            let isResult =
                if let isResult = known[mark] { isResult } else {
                    try inbox.isResult(path, of: account)
                }
            known[mark] = isResult
            if !isResult { drops.append(path) }
        }
        files = drops
    }

    fileprivate mutating func add(
        _ path: BeneathPath, _ kind: EntryKind, _ rules: NameRules, _ settings: InboxSettings,
        _ takesDrops: Bool, room: Int
    ) {
        let isFolder = kind == .folder
        switch rules.verdictOnLast(path, isFolder: isFolder) {
        case .candidate where isFolder:
            if settings.isRecursive { folders.append(path) }
        case .candidate where !takesDrops:
            break
        case .candidate:
            if files.count < room { files.append(path) } else { leftOutCount += 1 }
        case .request:
            if requests.count < room { requests.append(path) }
        case .ignored, .sidecar:
            break
        }
    }
}
