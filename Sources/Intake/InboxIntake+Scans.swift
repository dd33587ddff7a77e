import Inbox
import Rules
import SystemPackage

extension InboxIntake {
    /// What reading one folder gave.
    struct Listing: Sendable {
        var files: [BeneathPath] = []
        var folders: [BeneathPath] = []
        var requests: [BeneathPath] = []
        var leftOutCount = 0
        var watch = DropWatcher.Answer.watching
    }

    /// Takes in what the watches told.
    func absorbMarks() {
        let marks = box.take()
        if marks.isRootDoubtful { isRootDoubtful = true }
        for folder in marks.goneFolders { lookBeneath(folder) }
        for (path, isClosing) in marks.files { mark(path, isClosing: isClosing) }
        for request in marks.requests { noteRequest(request) }
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
        if let due = nextPoll, due <= now {
            nextPoll = nil
            for folder in polledFolders { queue(folder) }
        }
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

    /// The first rescan is due at once; where the kernel reports nothing, each next one is a poll.
    func scheduleRescan(after now: Duration? = nil) {
        let interval = root.reportsEvents ? settings.rescan : settings.poll
        nextRescan = now.map { $0 + interval } ?? .zero
    }

    func nextFolder() -> BeneathPath? {
        guard let folder = folders.popLast() else { return nil }
        queuedFolders.remove(folder)
        return folder
    }

    func queue(_ folder: BeneathPath) {
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
        let room = max(0, candidateLimit - candidates.count)
        do {
            let listing = try await root.run { [rules, watcher, box, root, settings] files in
                var listing = Listing()
                try files.list(folder) { descriptor in
                    if root.reportsEvents {
                        listing.watch = watcher.watch(descriptor, folder, for: box)
                    }
                } _: { name, kind in
                    let path = folder.appending(name)
                    // Not every file system tells the kind with the name.
                    guard let kind = try kind ?? files.entry(path)?.kind else { return true }
                    listing.add(path, kind, rules, settings, room: room)
                    return true
                }
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
            if isCountingUnnotified, candidates[path] == nil, !dirty.contains(path) {
                unnotifiedCount += 1
            }
            mark(path, isClosing: false)
        }
        for request in listing.requests { noteRequest(request) }
        for folder in listing.folders { queue(folder) }
        deferredCount += listing.leftOutCount
        noteWatch(listing.watch, of: folder)
    }

    /// Folders without a watch are read at each poll, whole: their own folders are among them.
    private func noteWatch(_ answer: DropWatcher.Answer, of folder: BeneathPath) {
        switch answer {
        case .watching:
            polledFolders.remove(folder)
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

    /// Reads the folder again after the poll's interval.
    private func poll(_ folder: BeneathPath) {
        if polledFolders.count < Self.folderLimit { polledFolders.insert(folder) }
        if nextPoll == nil { nextPoll = time.elapsed() + settings.poll }
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

    /// Has the root confirmed, since something in it was not where it should be.
    public func doubtRoot() { box.markRootDoubtful() }

    /// The root is not the inbox any more: ``run()`` comes to its end, and nobody is told that a
    /// drop vanished.
    public func lose(_ loss: InboxLoss) {
        guard !isRootLost, !isOver else { return }
        isRootLost = true
        journal(JournalLine(.inboxLost, fields([.reason: loss.rawValue])))
        bell.ring()
    }

    private func noteRequest(_ path: BeneathPath) {
        journal(
            JournalLine(
                .requestIgnored, fields([.reason: "requests are not taken yet"], path: path)))
    }

    private func noteUnreadable(_ folder: BeneathPath, _ error: any Error) {
        guard let error = error as? InboxError else {
            preconditionFailure("only the inbox itself fails while it is listed: \(error)")
        }
        switch error.errno {
        // Nothing to read there until somebody changes it, which is told, or the next rescan finds
        // it.
        case .noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels, .permissionDenied:
            polledFolders.remove(folder)
        default: poll(folder)
        }
        // A folder that left while its turn came is no news, and neither is one that became a link.
        if error.isAbsence || error.errno == .tooManySymbolicLinkLevels, !folder.isRoot { return }
        journal(
            JournalLine(
                .folderUnreadable, fields([.detail: error.failure.detail], path: folder)))
    }

    /// Marks every known name below a folder.
    private func lookBeneath(_ folder: BeneathPath) {
        let depth = folder.components.count
        for path in candidates.keys
        where path.components.count > depth
            && path.components.prefix(depth).elementsEqual(folder.components)
        {
            mark(path, isClosing: false)
        }
    }
}

extension InboxIntake.Listing {
    fileprivate mutating func add(
        _ path: BeneathPath, _ kind: EntryKind, _ rules: NameRules, _ settings: InboxSettings,
        room: Int
    ) {
        let isFolder = kind == .folder
        switch rules.verdictOnLast(path, isFolder: isFolder) {
        case .candidate where isFolder:
            if settings.isRecursive { folders.append(path) }
        case .candidate:
            if files.count < room { files.append(path) } else { leftOutCount += 1 }
        case .request:
            if requests.count < InboxIntake.lookBatch { requests.append(path) }
        case .ignored, .sidecar:
            break
        }
    }
}
