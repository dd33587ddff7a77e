/// Decides which of the directories that were found are served.
///
/// An exact path wins over a pattern, an earlier pattern over a later one, and no inbox stands in
/// another, in a folder for results, or touches the state directory.
///
/// Rule: docs/formats.md, "Patterns of inboxes".
public struct InboxChoice: Sendable {
    /// A directory that was found.
    public struct Found: Sendable, Hashable {
        /// As people read it.
        public var path: String
        /// Where it really is, all links replaced.
        public var place: String
        /// The same for every path that leads to the same directory.
        public var device: UInt64
        public var inode: UInt64
        /// The folder that its results go into; nil where they stand beside the drops.
        public var results: Results?

        public init(
            path: String, place: String, device: UInt64, inode: UInt64, results: Results? = nil
        ) {
            self.path = path
            self.place = place
            self.device = device
            self.inode = inode
            self.results = results
        }
    }

    /// The folder for the results of one that was found.
    public struct Results: Sendable, Hashable {
        public var path: String
        public var place: String
        public var device: UInt64
        public var inode: UInt64

        public init(path: String, place: String, device: UInt64, inode: UInt64) {
            self.path = path
            self.place = place
            self.device = device
            self.inode = inode
        }
    }

    /// What becomes of a directory.
    public enum Verdict: Sendable, Hashable {
        case served
        /// Another path to the same directory came first.
        case servedAlready
        case refused(InboxRefusal)
    }

    private struct Identity: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    /// A directory that is in use, and what for.
    private struct Ground: Hashable {
        var identity: Identity
        var place: [Substring]
        /// The inbox whose it is.
        var inbox: String
        var isResults: Bool
    }

    private let state: (path: String, place: [Substring])
    private let limit: Int
    /// What those chosen take up, by their paths: themselves first.
    private var served: [String: [Ground]] = [:]
    private var identities: [Identity: Ground] = [:]
    /// The same by the components of their places.
    private var chosen: [[Substring]: Ground] = [:]
    /// What stands above them, and those beneath.
    private var above: [[Substring]: Set<Ground>] = [:]

    /// - Parameters:
    ///   - stateDirectory: all links replaced.
    ///   - limit: how many are served at most.
    public init(stateDirectory: String, limit: Int = DaemonSettings.inboxLimit) {
        state = (stateDirectory, Self.components(stateDirectory))
        self.limit = limit
    }

    /// Judges the next directory; those named by exact paths come first, then those of each pattern.
    /// Who is served stays so until it is forgotten.
    public mutating func judge(_ found: Found) -> Verdict {
        let ground = Ground(
            identity: Identity(device: found.device, inode: found.inode),
            place: Self.components(found.place), inbox: found.path, isResults: false)
        // What stood there before, or was called so, may not have wholly ended.
        let former = identities[ground.identity] ?? chosen[ground.place]
        guard served[found.path] == nil, former?.isResults ?? true else { return .servedAlready }
        if isOfState(ground.place) { return .refused(.stateDirectory(state.path)) }
        if let other = neighbour(of: ground) {
            if other.isResults { return .refused(.results(of: other.inbox)) }
            let isBeneath = ground.place.starts(with: other.place)
            return .refused(isBeneath ? .beneath(other.inbox) : .above(other.inbox))
        }
        var grounds = [ground]
        if let results = found.results {
            let ground = Ground(
                identity: Identity(device: results.device, inode: results.inode),
                place: Self.components(results.place), inbox: found.path, isResults: true)
            if let obstacle = obstacle(to: ground, besides: grounds[0]) {
                return .refused(.noResults(at: results.path, .crowded(obstacle)))
            }
            grounds.append(ground)
        }
        guard served.count < limit else { return .refused(.tooManyInboxes(limit: limit)) }
        served[found.path] = grounds
        for ground in grounds {
            identities[ground.identity] = ground
            chosen[ground.place] = ground
            for length in 0..<ground.place.count {
                above[Array(ground.place.prefix(length)), default: []].insert(ground)
            }
        }
        return .served
    }

    /// An inbox that was chosen is served no more: another may stand where it was in the way.
    public mutating func forget(_ path: String) {
        for ground in served.removeValue(forKey: path) ?? [] {
            identities[ground.identity] = nil
            chosen[ground.place] = nil
            for length in 0..<ground.place.count {
                let higher = Array(ground.place.prefix(length))
                above[higher]?.remove(ground)
                if above[higher]?.isEmpty == true { above[higher] = nil }
            }
        }
    }

    /// What a folder for results is, holds or stands in, for people; nil where nothing is in the way.
    private func obstacle(to results: Ground, besides inbox: Ground) -> String? {
        if isOfState(results.place) { return "the state directory \(state.path)" }
        let isOwn =
            results.identity == inbox.identity || results.place.starts(with: inbox.place)
            || inbox.place.starts(with: results.place)
        if isOwn { return "the inbox itself" }
        guard let other = neighbour(of: results) else { return nil }
        return (other.isResults ? "the folder for the results of the inbox " : "the inbox ")
            + other.inbox
    }

    private func isOfState(_ place: [Substring]) -> Bool {
        place.starts(with: state.place) || state.place.starts(with: place)
    }

    /// What is in use and is the same directory, stands above it or beneath it; nil where nothing is.
    private func neighbour(of ground: Ground) -> Ground? {
        if let same = identities[ground.identity] { return same }
        for length in 0...ground.place.count {
            if let other = chosen[Array(ground.place.prefix(length))] { return other }
        }
        return above[ground.place]?.min { $0.inbox < $1.inbox }
    }

    private static func components(_ path: String) -> [Substring] { path.split(separator: "/") }
}
