import Glibc
import Rules
import SystemPackage

/// What a look for the inboxes of a path or pattern found.
public struct InboxFindings: Sendable {
    /// In the order in which they are to be served, if not all can be: each account's first comes
    /// before any account's second.
    public var roots: [InboxRoot]
    /// What stands there and is not served, or could not be looked at, and why.
    public var refusals: [(path: String, error: InboxError)]
    /// The directories above the matches whose changes may bring or take some.
    public var passages: [InboxPassage]

    public init(
        roots: [InboxRoot] = [], refusals: [(path: String, error: InboxError)] = [],
        passages: [InboxPassage] = []
    ) {
        self.roots = roots
        self.refusals = refusals
        self.passages = passages
    }
}

/// Looks for the inboxes of a path, or of a pattern such as `/home/*/Inbox`.
///
/// A pattern is walked component by component, each directory opened in the name of the owner of the
/// one above it. From the first wildcard on no link is followed; before it, one that root or the
/// daemon's own user made.
///
/// Rule: docs/formats.md, "Patterns of inboxes".
public struct InboxWalk: Sendable {
    /// How many directories are looked into for one component of a pattern: each keeps a descriptor
    /// until the walk is over.
    static let directoryLimit = 10_000
    /// How many directories are asked at a time: those that hang hold up no more than so many.
    private static let concurrency = 64
    private static let loginDefinitions = "/etc/login.defs"
    /// The file of every system fits many times.
    private static let loginDefinitionsLimit = 1 << 20

    private let path: String
    private let results: ResultsPlace?
    private let threads: OwnerThreads
    private let directoryLimit: Int

    /// - Parameters:
    ///   - path: absolute; see ``InboxPattern``.
    ///   - results: where the sidecars of each stand; nil beside the drops.
    public init(_ path: String, results: ResultsPlace? = nil, threads: OwnerThreads) {
        self.init(path, results: results, threads: threads, directoryLimit: Self.directoryLimit)
    }

    init(
        _ path: String, results: ResultsPlace? = nil, threads: OwnerThreads, directoryLimit: Int
    ) {
        self.path = InboxRoot.withoutTrailingSlashes(path)
        self.results = results
        self.threads = threads
        self.directoryLimit = directoryLimit
    }

    /// Looks once. What hangs is passed over with a refusal after a while, and holds up nothing else.
    public func findings() async -> InboxFindings {
        var findings = InboxFindings()
        guard let pattern = InboxPattern(path) else {
            findings.refusals = [(path, .refused(path: path, .noPath))]
            return findings
        }
        do {
            let walk = try await OwnerWalk(threads)
            if pattern.isExact {
                await find(pattern.fixedPath, pattern, walk, into: &findings)
            } else {
                try await find(pattern, walk, into: &findings)
            }
        } catch {
            findings.refuse(path, error)
        }
        return findings
    }

    private func find(
        _ path: String, _ pattern: InboxPattern, _ walk: OwnerWalk,
        into findings: inout InboxFindings
    ) async {
        do {
            let root = try await InboxRoot.open(path, results: results, threads: threads)
            try Self.requireMounted(root)
            findings.roots = [root]
        } catch {
            findings.refuse(path, error)
        }
        guard let last = pattern.fixed.last else { return }
        do {
            let trail = try await walk.follow(pattern.fixed.dropLast())
            try findings.pass(trail.place, InboxPattern.Step(to: trail.rest.first ?? last), walk)
        } catch {
            // Nobody can watch what cannot be reached. The inbox, if it was found, is there all the
            // same; if not, that has been said.
        }
    }

    private func find(
        _ pattern: InboxPattern, _ walk: OwnerWalk, into findings: inout InboxFindings
    ) async throws {
        let trail = try await walk.follow(pattern.fixed)
        if let errno = trail.errno {
            let path = pattern.fixedPath
            findings.refuse(path, InboxError.rootUnavailable(path: path, errno))
            if let next = trail.rest.first {
                try findings.pass(trail.place, InboxPattern.Step(to: next), walk)
            }
            return
        }
        var front = [Reached(path: pattern.fixed.isEmpty ? "" : pattern.fixedPath, trail.place)]
        for step in pattern.steps {
            let names = await names(step, in: front, walk, into: &findings)
            front = await reach(names, from: front, walk, into: &findings)
        }
        await open(front, walk, into: &findings)
    }

    /// Which entries of each directory fit the next component.
    private func names(
        _ step: InboxPattern.Step, in front: [Reached], _ walk: OwnerWalk,
        into findings: inout InboxFindings
    ) async -> [[FileName]] {
        let limit = directoryLimit
        let answers = await Self.each(front) { reached in
            if let name = step.name { return [name] }
            return try await walk.names(in: reached.place, limit: limit, isWanted: step.admits)
        }
        var found: [[FileName]] = []
        for (reached, answer) in zip(front, answers) {
            do {
                found.append(try answer.get())
                try findings.pass(reached.place, path: reached.path, step, walk)
            } catch {
                findings.refuse(reached.path, error)
                found.append([])
            }
        }
        guard found.reduce(0, { $0 + $1.count }) > limit else { return found }
        findings.refuse(path, InboxError.refused(path: path, .tooManyDirectories(limit: limit)))
        // Each directory has the same share, so that none can crowd the others out.
        let share = max(1, limit / front.count)
        return found.map { Array($0.prefix(share)) }
    }

    private func reach(
        _ names: [[FileName]], from front: [Reached], _ walk: OwnerWalk,
        into findings: inout InboxFindings
    ) async -> [Reached] {
        let asked = zip(front, names).filter { !$0.1.isEmpty }
        let answers = await Self.each(asked) { reached, names in
            try await walk.open(names, in: reached.place)
        }
        var next: [Reached] = []
        for (reached, answer) in zip(asked.map(\.0), answers) {
            do {
                for (name, place) in try answer.get() {
                    let path = "\(reached.path)/\(name)"
                    do {
                        guard name.utf8Text != nil else {
                            throw InboxError.refused(path: path, .nameNotText)
                        }
                        next.append(Reached(path: path, try place.get()))
                    } catch {
                        findings.refuse(path, error)
                    }
                }
            } catch {
                findings.refuse(reached.path, error)
            }
        }
        return next
    }

    /// Does the same with each of many, some of them side by side; the outcomes keep their order.
    private static func each<Input: Sendable, Output: Sendable>(
        _ inputs: [Input], _ body: @escaping @Sendable (Input) async throws -> Output
    ) async -> [Result<Output, any Error>] {
        await withTaskGroup(of: (Int, Result<Output, any Error>).self) { group in
            var outcomes: [Int: Result<Output, any Error>] = [:]
            for (index, input) in inputs.enumerated() {
                if index >= concurrency, let (done, outcome) = await group.next() {
                    outcomes[done] = outcome
                }
                group.addTask {
                    do {
                        return (index, .success(try await body(input)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            for await (done, outcome) in group { outcomes[done] = outcome }
            return inputs.indices.compactMap { outcomes[$0] }
        }
    }

    private func open(
        _ matches: [Reached], _ walk: OwnerWalk, into findings: inout InboxFindings
    ) async {
        let accounts = await servableAccounts()
        var counts: [UInt32: Int] = [:]
        let inTurn = matches.map { match in
            let count = counts[match.place.facts.uid, default: 0]
            counts[match.place.facts.uid] = count + 1
            return (turn: count, match: match)
        }.sorted { ($0.turn, $0.match.path) < ($1.turn, $1.match.path) }
        var chosen: [Reached] = []
        for (_, match) in inTurn {
            do {
                let account = try walk.owner(of: match.place.facts.uid).account
                if let refusal = accounts.refusal(of: account) {
                    throw InboxError.refused(path: match.path, refusal)
                }
                let isOwn = account == Owner.ofProcess().account
                guard walk.mayActForOthers || isOwn else {
                    throw InboxError.refused(path: match.path, .othersAccount(account))
                }
                chosen.append(match)
            } catch {
                findings.refuse(match.path, error)
            }
        }
        let limit = DaemonSettings.inboxLimit
        if chosen.count > limit {
            findings.refuse(path, InboxError.refused(path: path, .tooManyInboxes(limit: limit)))
            chosen = Array(chosen.prefix(limit))
        }
        let opened = await Self.each(chosen) { [threads, results] match in
            try await InboxRoot.open(
                match.place, path: match.path, way: .walked, results: results, threads: threads)
        }
        for (match, root) in zip(chosen, opened) {
            do {
                let root = try root.get()
                try Self.requireMounted(root)
                findings.roots.append(root)
            } catch {
                findings.refuse(match.path, error)
            }
        }
    }

    /// The empty folder beneath a share is not the inbox.
    private static func requireMounted(_ root: InboxRoot) throws(InboxError) {
        guard let point = root.missingMount else { return }
        throw .refused(path: root.path, .notMounted(at: point))
    }

    /// Asks the system which users are people.
    private func servableAccounts() async -> ServableAccounts {
        let text: [UInt8]
        do {
            text = try await threads.run(as: Owner.ofProcess(), onMount: 0) {
                let file = try FileDescriptor.open(
                    FilePath(Self.loginDefinitions), .readOnly, options: .closeOnExec)
                defer { closeQuietly(file) }
                var bytes = [UInt8](repeating: 0, count: Self.loginDefinitionsLimit)
                let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
                return Array(bytes.prefix(count))
            }
        } catch {
            // A system without the file has the usual bounds.
            text = []
        }
        return ServableAccounts(loginDefinitions: text)
    }
}

/// A directory that fits a pattern so far.
private struct Reached: Sendable {
    /// For people; empty for the root of the file system.
    let path: String
    let place: Place

    init(path: String, _ place: Place) {
        self.path = path
        self.place = place
    }
}

extension InboxFindings {
    fileprivate mutating func refuse(_ path: String, _ error: any Error) {
        let path = path.isEmpty ? "/" : path
        let reason: InboxError
        switch error {
        case let error as InboxError: reason = error
        case let errno as Errno: reason = .rootUnavailable(path: path, errno)
        default: preconditionFailure("a walk fails by its own errors alone: \(error)")
        }
        refusals.append((path, reason))
    }

    fileprivate mutating func pass(
        _ place: Place, path: String? = nil, _ step: InboxPattern.Step, _ walk: OwnerWalk
    ) throws(InboxError) {
        passages.append(
            InboxPassage(
                path: path ?? String(decoding: place.location, as: UTF8.self),
                owner: try walk.owner(of: place), place: place, step: step, walk: walk))
    }
}
