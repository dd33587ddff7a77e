import CLinux
import Glibc
import Inbox
import Pipeline
import Rules
import SystemPackage

/// Looks at one inbox: as its owner if this process may, else as who it is.
struct InboxChecks {
    /// Under so much there is soon no room for results.
    static let scarceRoom = ByteCount.megabytes(100)
    /// Accounts below are the system's. Rule: login.defs(5), `UID_MIN`.
    private static let firstUserID: UInt32 = 1000

    let inbox: NamedInbox
    let holder: StateHolder
    /// Who the running daemon is; nil where none runs or it cannot be seen.
    let daemon: ProcessIdentity?
    let threads: OwnerThreads
    /// Where the daemon that is asked about keeps its state.
    let stateDirectory: String
    /// How long the daemon is waited for at most.
    let patience: Duration
    /// Whether it was waited for in vain.
    private(set) var isUnanswered = false
    private(set) var checkup = Checkup()
    private(set) var folders = FolderCount()

    private var about: String { inbox.path }

    init(
        inbox: NamedInbox, holder: StateHolder, daemon: ProcessIdentity?, threads: OwnerThreads,
        stateDirectory: String, patience: Duration
    ) {
        self.stateDirectory = stateDirectory
        self.inbox = inbox
        self.holder = holder
        self.daemon = daemon
        self.threads = threads
        self.patience = patience
    }

    /// Looks; `found` is the inbox where it is opened already.
    mutating func run(_ found: InboxRoot? = nil) async {
        do {
            let root: InboxRoot
            if let found {
                root = found
            } else {
                root = try await InboxRoot.open(
                    inbox.path, results: inbox.settings.results, threads: threads,
                    as: geteuid() == 0 ? nil : Owner.ofProcess())
            }
            if let point = root.missingMount {
                throw InboxError.refused(path: inbox.path, .notMounted(at: point))
            }
            let owner = try Owner.lookUp(uid: root.account.uid)
            checkOwner(owner)
            let facts = try await root.run { try InboxFacts($0) }
            check(facts, root, owner)
            let sidecars = try await root.sidecars.run { try InboxFacts($0) }
            if let results = root.results { check(sidecars, ofResults: results, owner) }
            checkStatusFile(sidecars.summary)
            folders = try await root.run { [inbox] files in
                FolderCount(files, NameRules(ignore: inbox.settings.ignore), inbox.settings)
            }
            guard root.owner.account == owner.account else {
                checkup.warn(
                    about, "detection", "not tried: only \(owner.account) or root can",
                    remedy: "run this as root")
                return
            }
            await prove(in: root, isServed: sidecars.summary != nil)
        } catch {
            note(error)
        }
    }

    private mutating func note(_ error: any Error) {
        let error = error as? InboxError
        let detail = error?.failure.detail ?? "unforeseen"
        let path = ShellWord.quoted(inbox.path)
        if case .refused(_, .notMounted(let point))? = error {
            checkup.fail(
                about, "folder", "the share is not mounted; only the folder beneath it is there",
                remedy: "mount " + ShellWord.quoted(point))
            return
        }
        if case .refused(_, .noResults(let folder, let obstacle))? = error {
            checkup.fail(
                about, "results", "\(folder): \(obstacle.reason)",
                remedy:
                    "mend that folder, or change “results:” of this inbox; till then nothing is "
                    + "taken from it")
            return
        }
        switch error?.errno {
        case .noSuchFileOrDirectory?:
            checkup.fail(
                about, "folder", "it is not there",
                remedy: threads.missingMount(at: inbox.path).map {
                    "it is not mounted: mount " + ShellWord.quoted($0)
                }
                    ?? "make it, as the user whose files it is to take: mkdir \(path)")
        case .notDirectory?, .tooManySymbolicLinkLevels?:
            checkup.fail(
                about, "folder", "a link or a file stands there",
                remedy: "name the folder itself under “inboxes:” in the config")
        case .permissionDenied? where geteuid() != 0:
            checkup.warn(about, "folder", "closed to this user", remedy: "run this as root")
        case .permissionDenied?:
            checkup.fail(
                about, "folder", "its owner may not read it",
                remedy: OwnersCommand.text("chmod u+rwx \(path)", asOwnerOf: inbox.path))
        default:
            checkup.fail(about, "folder", detail, remedy: "ls -ld \(path)")
        }
    }

    private mutating func checkOwner(_ owner: Owner) {
        let account = owner.account
        let name = "\(account) (uid \(account.uid))"
        if let daemon, daemon.isOrdinary, daemon.uid != account.uid {
            checkup.fail(
                about, "account", "\(name), as whom ingestd (uid \(daemon.uid)) may not act",
                remedy: "run ingestd from its unit file, which gives it the rights, or as "
                    + "\(account)")
        } else if account.name == nil {
            checkup.fine(about, "account", "\(name), whom the user database does not know")
        } else if account.uid < Self.firstUserID || account.uid == 65534 {
            checkup.fine(
                about, "account", "\(name), of the system; allowed since the config names the path")
        } else {
            checkup.fine(about, "account", name)
        }
    }

    // MARK: - What is there

    private mutating func check(_ facts: InboxFacts, _ root: InboxRoot, _ owner: Owner) {
        let path = ShellWord.quoted(inbox.path)
        let mode = String(facts.entry.mode, radix: 8)
        let denied = owner.denied([.read, .write, .search], of: facts.entry)
        if facts.entry.isImmutable {
            checkup.fail(
                about, "permissions", "immutable or append-only: nothing can leave it",
                remedy: "lsattr -d shows what protects it; whoever protected it can undo that")
        } else if !denied.isEmpty {
            let denial = Denial(
                path: BeneathPath(), access: denied, bits: owner.accessClass(to: facts.entry),
                uid: facts.entry.uid)
            checkup.fail(
                about, "permissions", "mode \(mode): its owner may not read and change it",
                remedy: OwnersCommand.text("\(denial.command) \(path)", as: owner))
        } else if facts.isReadOnly {
            checkup.fail(
                about, "permissions", "it is on a file system that is mounted read-only",
                remedy: "mount it for writing: findmnt -T \(path)")
        } else {
            let isSticky = UInt32(facts.entry.mode) & S_ISVTX != 0
            checkup.fine(
                about, "permissions",
                "mode \(mode)" + (isSticky ? ", sticky, which does not bind its owner" : ""))
        }
        checkFileSystem(root)
        facts.room?.check(about, &checkup, scarce: Self.scarceRoom)
    }

    /// The folder that the results go into: it is there and its owner's, or the inbox had not been opened.
    private mutating func check(
        _ facts: InboxFacts, ofResults results: InboxRoot, _ owner: Owner
    ) {
        let path = ShellWord.quoted(results.path)
        let denied = owner.denied([.read, .write, .search], of: facts.entry)
        if facts.isReadOnly {
            checkup.fail(
                about, "results", "\(results.path) is on a file system that is mounted read-only",
                remedy: "mount it for writing: findmnt -T \(path)")
        } else if facts.entry.isImmutable || !denied.isEmpty {
            checkup.fail(
                about, "results", "\(results.path): its owner may not read and change it",
                remedy: OwnersCommand.text("chmod u+rwx \(path)", as: owner))
        } else {
            checkup.fine(
                about, "results", "go into \(results.path), on \(results.fileSystem.name)",
                figures: [.init("path", .string(results.path))])
            facts.room?.check(results.path, &checkup, scarce: Self.scarceRoom)
        }
    }

    private mutating func checkFileSystem(_ root: InboxRoot) {
        let figures: [JSONValue.Member] = [
            .init("file_system", .string(root.fileSystem.name)),
            .init("events", .bool(root.reportsEvents)),
        ]
        if root.reportsEvents {
            checkup.fine(
                about, "file_system", "\(root.fileSystem.name), which reports changes",
                figures: figures)
        } else {
            checkup.warn(
                about, "file_system",
                "\(root.fileSystem.name), which reports no changes of others: polled every "
                    + inbox.settings.poll.setting,
                remedy: "none is needed; a local file system would be quicker", figures: figures)
        }
    }

    private mutating func checkStatusFile(_ summary: InboxSummary?) {
        if let asOf = summary?.asOf {
            checkup.fine(
                about, "status", "inbox.status.json is of \(asOf)",
                figures: [.init("as_of", .string(asOf))])
        } else if case .daemon = holder {
            checkup.warn(
                about, "status", "there is no inbox.status.json of ingestd's",
                remedy: "see whether ingestd serves this inbox: journalctl -u ingestd -p warning")
        } else {
            checkup.fine(about, "status", "no inbox.status.json yet")
        }
    }

    // MARK: - What works

    /// - Parameter isServed: whether some ingestd wrote there: perhaps one with another state.
    private mutating func prove(in root: InboxRoot, isServed: Bool) async {
        do {
            let trial = try await root.run { try FileTrial($0) }
            if trial.isLeased {
                checkup.fine(about, "lease", "granted: a writer is seen at once")
            } else {
                checkup.warn(
                    about, "lease",
                    "not to be had: files rest "
                        + inbox.settings.settleWithoutProof.setting + " instead",
                    remedy: "none; give ingestd CAP_LEASE if the file system has leases")
            }
            if trial.keepsFromReplacing {
                checkup.fine(about, "rename", "never over anything (RENAME_NOREPLACE)")
            } else {
                checkup.warn(
                    about, "rename", "the file system cannot promise not to replace",
                    remedy: "none; hidden names that only ingestd uses stand in for it")
            }
        } catch {
            let detail = (error as? any DocumentError)?.failure.detail ?? "\(error)"
            checkup.fail(
                about, "writable", "no file can be made: \(detail)",
                remedy: "results could not be written: mend permissions, room or mount")
            return
        }
        var canary = Canary(
            root: root, settings: inbox.settings,
            patience: holder == .nobody && !isServed ? nil : patience)
        await canary.fly()
        isUnanswered = (holder != .nobody || isServed) && canary.answer == nil
        canary.report(about, holder, stateDirectory, &checkup)
    }
}

/// What one look at an inbox's folder shows.
struct InboxFacts: Sendable {
    let entry: Entry
    let room: FreeRoom?
    let isReadOnly: Bool
    let summary: InboxSummary?

    init(_ files: InboxFiles) throws {
        let folder = try files.openFolder(BeneathPath())
        defer { close(folder.rawValue) }
        entry = try Entry(of: folder, path: BeneathPath())
        room = FreeRoom(of: folder)
        var facts = statvfs()
        isReadOnly = fstatvfs(folder.rawValue, &facts) == 0 && facts.f_flag & UInt(ST_RDONLY) != 0
        let path = BeneathPath([SidecarNames.inboxStatus])
        let bytes = try files.readPrefix(path, limit: InboxSummary.sizeLimit)
        summary = bytes.flatMap { bytes in
            guard SidecarNames.isStatus(opening: bytes) else { return nil }
            do {
                return try InboxSummary(json: bytes)
            } catch {
                return nil
            }
        }
    }
}

/// How many folders of an inbox want a watch.
struct FolderCount: Sendable {
    /// Past so many the answer is the same: there are too many watches to want.
    static let limit = 200_000
    /// A slow share is not read for ever.
    static let patience = Duration.seconds(10)

    private(set) var count = 0
    /// Whether all of them were counted.
    private(set) var isWhole = true

    init() {}

    /// Counts the inbox itself and what is below it.
    init(_ files: InboxFiles, _ rules: NameRules, _ settings: InboxSettings) {
        let clock = ContinuousClock()
        let end = clock.now + Self.patience
        var folders = [BeneathPath()]
        while let folder = folders.popLast() {
            count += 1
            guard settings.isRecursive else { return }
            guard count + folders.count < Self.limit, clock.now < end else {
                isWhole = false
                return
            }
            do {
                try files.list(folder) { name, kind in
                    let path = folder.appending(name)
                    guard try kind ?? files.entry(path)?.kind == .folder,
                        rules.verdictOnLast(path, isFolder: true) == .candidate
                    else { return true }
                    folders.append(path)
                    return folders.count < Self.limit
                }
            } catch {
                // One that the owner cannot read gets no watch either.
                continue
            }
        }
    }
}

/// Tries on a real file of the owner's what a claim and its removal need.
struct FileTrial: Sendable {
    let isLeased: Bool
    let keepsFromReplacing: Bool

    init(_ files: InboxFiles) throws {
        let made = try files.createTemporary(in: BeneathPath())
        close(made.descriptor.rawValue)
        let other = made.path.sibling(HiddenName.random())
        defer {
            for path in [made.path, other] { Self.remove(path, files) }
        }
        let reader = try files.openForReading(made.path)
        isLeased = clinux_take_lease(reader.rawValue) == 0
        close(reader.rawValue)
        keepsFromReplacing = try Self.renames(made.path, to: other, files)
    }

    private static func renames(
        _ path: BeneathPath, to other: BeneathPath, _ files: InboxFiles
    ) throws(InboxError) -> Bool {
        do throws(InboxError) {
            try files.rename(path, to: other, replacing: false)
            return true
        } catch {
            guard error.errno == .invalidArgument else { throw error }
            return false
        }
    }

    private static func remove(_ path: BeneathPath, _ files: InboxFiles) {
        do {
            try files.unlinkIfThere(path)
        } catch {
            // The daemon removes hidden names of this shape at its next start.
        }
    }
}
