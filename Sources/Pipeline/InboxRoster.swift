import Inbox
import Rules
import SystemPackage

/// What stands at an inbox's path, as far as it tells one inbox from another.
struct InboxPlace: Sendable, Hashable {
    var path: String
    var device: UInt64
    var inode: UInt64
    var uid: UInt32
    /// The account's name, for people.
    var account = ""
    /// Its path with all links replaced.
    var location = ""
    /// Where the mount stands that it is on.
    var mountPoint = ""
    /// The folder that its results go into; none where they stand beside the drops.
    var results: [InboxPlace] = []

    /// Where the mount stood that `former`, or the folder for its results, was on, where this is only what
    /// lies beneath it; nil where it is not.
    func missingMount(of former: InboxPlace) -> String? {
        let isBeneath =
            (device, inode) != (former.device, former.inode) && location == former.location
            && mountPoint.utf8.count < former.mountPoint.utf8.count
        if isBeneath { return former.mountPoint }
        return zip(results, former.results).lazy.compactMap { $0.missingMount(of: $1) }.first
    }

    /// Why this is served no more, now that `other` stands at its path.
    func loss(to other: InboxPlace?) -> InboxLoss? {
        guard let other else { return .gone }
        guard (device, inode) == (other.device, other.inode) else { return .replaced }
        guard uid == other.uid else { return .changedOwner }
        let isSame = results.elementsEqual(other.results) { $0.loss(to: $1) == nil }
        return isSame ? nil : .resultsAway
    }
}

extension InboxRoot {
    var place: InboxPlace {
        InboxPlace(
            path: path, device: device, inode: inode, uid: account.uid, account: "\(account)",
            location: location, mountPoint: mountPoint, results: results.map { [$0.place] } ?? [])
    }

    var asFound: InboxChoice.Found {
        InboxChoice.Found(
            path: path, place: location, device: device, inode: inode,
            results: results.map {
                InboxChoice.Results(
                    path: $0.path, place: $0.location, device: $0.device, inode: $0.inode)
            })
    }
}

/// Decides which of the places that one line of the config leads to begin or cease to be served,
/// and what the log is told. Touches nothing.
///
/// A place ends before another begins at its path: there is never more than one service at a path.
struct InboxRoster: Sendable {
    /// What is to be done after a look.
    struct Decision: Sendable {
        /// These are not what stands at their paths any more.
        var ending: [(place: InboxPlace, loss: InboxLoss)] = []
        var beginning: [InboxPlace] = []
        /// What the log has not been told yet.
        var news: [(path: String, error: InboxError)] = []
        /// Whether something is missing that only another look can find.
        var isMissing = false
    }

    /// So many are remembered; what is beyond may be told again.
    static let troubleLimit = 10_000

    /// The path or pattern of the line.
    private let line: String
    private let isPattern: Bool
    /// Served, or coming to the end of it.
    private var served: [String: InboxPlace] = [:]
    private var ending: Set<String> = []
    /// What the log knows to be wrong, by path: a loss, or why it was refused.
    private var troubles: [String: Trouble] = [:]
    /// What was served last at a path, as long as the daemon runs: a path that was on a mount is no
    /// inbox without it.
    private var former: [String: InboxPlace] = [:]

    /// How it stands with a path that is served from now on.
    enum Mending: Sendable, Hashable {
        /// Nothing had been wrong.
        case none
        case again
        /// It is another account's than the one that was served before.
        case replaced(former: InboxPlace)
    }

    /// A kind of trouble, told once.
    private enum Trouble: Hashable {
        case absence
        case other(InboxError)

        init(_ error: InboxError) {
            switch error {
            case .refused(_, .notMounted): self = .absence
            default: self = error.isAbsence ? .absence : .other(error)
            }
        }
    }

    init(of line: String) {
        self.line = line
        isPattern = InboxPattern(line)?.isExact == false
    }

    /// Takes in what a look found.
    ///
    /// Rule: docs/design.md, "Shares that are not mounted".
    mutating func looked(
        found everything: [InboxPlace], refused refusals: [(path: String, error: InboxError)]
    ) -> Decision {
        var decision = Decision()
        let bare = everything.compactMap { place in
            former[place.path].flatMap { place.missingMount(of: $0) }.map { (place, point: $0) }
        }
        let found = everything.filter { place in !bare.contains { $0.0 == place } }
        let refused =
            refusals
            + bare.map { place, point -> (path: String, error: InboxError) in
                (place.path, .refused(path: place.path, .notMounted(at: point)))
            }
        let places = Dictionary(
            found.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        for place in served.values where !ending.contains(place.path) {
            guard let loss = loss(of: place, to: places[place.path], refused) else { continue }
            ending.insert(place.path)
            decision.ending.append((place, loss))
        }
        for place in found where served[place.path] == nil {
            served[place.path] = place
            decision.beginning.append(place)
        }
        for refusal in refused {
            if refusal.error.isMendedUnseen(isOfPattern: isPattern) { decision.isMissing = true }
            // Its end is told for a better reason.
            guard served[refusal.path] == nil else { continue }
            if isNews(refusal.path, refusal.error) { decision.news.append(refusal) }
        }
        forgetOldTroubles(but: Set(places.keys).union(refused.map(\.path)))
        return decision
    }

    /// A place that was to begin may not; it is found again by a later look.
    ///
    /// - Returns: whether the log has not been told the reason yet; false where there is none.
    mutating func declined(_ path: String, because error: InboxError? = nil) -> Bool {
        served[path] = nil
        return error.map { isNews(path, $0) } ?? false
    }

    private mutating func isNews(_ path: String, _ error: InboxError) -> Bool {
        let trouble = Trouble(error)
        return troubles.updateValue(trouble, forKey: path) != trouble
    }

    /// Anybody may make and remove directories that a pattern matches, without end.
    private mutating func forgetOldTroubles(but current: Set<String>) {
        if troubles.count > Self.troubleLimit {
            troubles = troubles.filter { current.contains($0.key) }
        }
        if former.count > Self.troubleLimit {
            former = former.filter { current.contains($0.key) || served[$0.key] != nil }
        }
    }

    /// A service has ended, and its path is free for another.
    ///
    /// - Parameter isLost: whether the log was told that it was lost.
    mutating func ended(_ path: String, isLost: Bool) {
        served[path] = nil
        ending.remove(path)
        if isLost { troubles[path] = .absence }
    }

    /// A path is served from now on; returns whether something had been wrong there.
    mutating func mended(_ path: String) -> Mending {
        let last = former[path]
        former[path] = served[path]
        guard troubles.removeValue(forKey: path) != nil else { return .none }
        if let last, last.uid != served[path]?.uid { return .replaced(former: last) }
        return .again
    }

    /// Why a place is served no more; nil where it is, or where nobody can tell.
    private func loss(
        of place: InboxPlace, to other: InboxPlace?, _ refused: [(path: String, error: InboxError)]
    ) -> InboxLoss? {
        if let other { return place.loss(to: other) }
        let reasons = refused.filter { concerns($0.path, place.path) }
        guard !reasons.isEmpty else { return .gone }
        return reasons.lazy.compactMap { loss(of: place, $0.path, $0.error) }.first
    }

    /// Whether what is wrong at a path tells of an inbox: there, above it, or in the whole look.
    private func concerns(_ path: String, _ inbox: String) -> Bool {
        path == inbox || path == line || path == "/" || inbox.hasPrefix(path + "/")
    }

    private func loss(of place: InboxPlace, _ path: String, _ error: InboxError) -> InboxLoss? {
        switch error {
        // Somebody is there whom nothing can be done for; perhaps the same, for the moment.
        case .identityRefused(let account, _):
            path == place.path && account.uid != place.uid ? .changedOwner : nil
        // A link, for one, stands there now.
        case .rootUnavailable(_, .tooManySymbolicLinkLevels), .rootUnavailable(_, .notDirectory):
            .replaced
        case .refused(_, let refusal): loss(of: place, path, refusal)
        // What could not be looked at may well be there.
        case .rootUnavailable, .rootLost, .callFailed, .tooLong, .mountBusy, .noThread, .silent:
            error.isAbsence ? .gone : nil
        }
    }

    private func loss(_ obstacle: ResultsObstacle) -> InboxLoss? {
        switch obstacle {
        case .missing, .noFolder, .othersAccount, .notMounted: .resultsAway
        // What could not be looked at may well be there.
        case .unreachable, .crowded, .noPath: nil
        }
    }

    private func loss(of place: InboxPlace, _ path: String, _ refusal: InboxRefusal) -> InboxLoss? {
        switch refusal {
        case .rootAccount, .systemAccount, .nobody, .othersAccount:
            path == place.path ? .changedOwner : nil
        // It may be among those that were passed over.
        case .tooManyDirectories, .tooManyInboxes: nil
        case .notMounted: path == place.path ? .unmounted : nil
        case .noResults(_, let obstacle): path == place.path ? loss(obstacle) : nil
        case .nameNotText, .beneath, .above, .stateDirectory, .noPath, .results: nil
        }
    }
}

extension InboxError {
    /// Whether nothing but another look can find out that it is mended; else a watch on the
    /// directories above tells of it, or only another start of the daemon mends it.
    ///
    /// - Parameter isOfPattern: of a pattern's matches each directory on the way is watched.
    fileprivate func isMendedUnseen(isOfPattern: Bool) -> Bool {
        switch self {
        case .refused(_, .notMounted): true
        // Nobody watches what stands above it.
        case .refused(_, .noResults(_, let obstacle)): obstacle.isMendedUnseen
        case .refused, .identityRefused(_, .notPermitted): false
        case .rootUnavailable(_, .permissionDenied): !isOfPattern
        default: true
        }
    }
}

extension ResultsObstacle {
    fileprivate var isMendedUnseen: Bool {
        switch self {
        case .missing, .noFolder, .othersAccount, .notMounted, .unreachable: true
        // Told when what is in the way is served no more; or in the config alone.
        case .crowded, .noPath: false
        }
    }
}
