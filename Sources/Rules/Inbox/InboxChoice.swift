/// Decides which of the directories that were found are served.
///
/// An exact path wins over a pattern, an earlier pattern over a later one, and no inbox stands in
/// another or touches the state directory.
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

    private let state: (path: String, place: [Substring])
    private let limit: Int
    private var identities: Set<Identity> = []
    /// Those chosen, by their paths.
    private var served: [String: (identity: Identity, place: [Substring])] = [:]
    /// The paths of those chosen, by the components of their places.
    private var chosen: [[Substring]: String] = [:]
    /// What stands above them, and the paths of those beneath.
    private var above: [[Substring]: Set<String>] = [:]

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
        let identity = Identity(device: found.device, inode: found.inode)
        let place = Self.components(found.place)
        // What stood there before, or was called so, may not have wholly ended.
        guard !identities.contains(identity), served[found.path] == nil, chosen[place] == nil
        else { return .servedAlready }
        if place.starts(with: state.place) || state.place.starts(with: place) {
            return .refused(.stateDirectory(state.path))
        }
        for length in 0..<place.count {
            if let other = chosen[Array(place.prefix(length))] {
                return .refused(.beneath(other))
            }
        }
        if let other = above[place]?.min() { return .refused(.above(other)) }
        guard identities.count < limit else { return .refused(.tooManyInboxes(limit: limit)) }
        identities.insert(identity)
        served[found.path] = (identity, place)
        chosen[place] = found.path
        for length in 0..<place.count {
            above[Array(place.prefix(length)), default: []].insert(found.path)
        }
        return .served
    }

    /// An inbox that was chosen is served no more: another may stand where it was in the way.
    public mutating func forget(_ path: String) {
        guard let (identity, place) = served.removeValue(forKey: path) else { return }
        identities.remove(identity)
        chosen[place] = nil
        for length in 0..<place.count {
            let higher = Array(place.prefix(length))
            above[higher]?.remove(path)
            if above[higher]?.isEmpty == true { above[higher] = nil }
        }
    }

    private static func components(_ path: String) -> [Substring] { path.split(separator: "/") }
}
