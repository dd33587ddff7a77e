/// Why a directory that exists is not served as an inbox.
public enum InboxRefusal: Sendable, Hashable {
    /// A pattern serves no directory of root's.
    case rootAccount
    /// A pattern serves no directory of a system user: its uid is below the first of real users.
    case systemAccount(Account, leastUID: UInt32)
    /// The uid stands for nobody in particular.
    case nobody(Account)
    /// The daemon cannot act in another's name.
    case othersAccount(Account)
    /// The name cannot be written into a path for people.
    case nameNotText
    /// It stands beneath an inbox that is served, which takes its files already.
    case beneath(String)
    /// An inbox that is served stands beneath it.
    case above(String)
    /// It is the state directory, or one of both stands beneath the other.
    case stateDirectory(String)
    /// More directories fit than are looked at.
    case tooManyDirectories(limit: Int)
    /// More inboxes match than are served.
    case tooManyInboxes(limit: Int)
    /// Nothing is mounted at the path where the directory used to be, or belongs, on a mount: it is
    /// only what lies beneath.
    case notMounted(at: String)
    /// The text is no absolute path.
    case noPath
    /// It stands in, is or holds the folder that an inbox's results go into.
    case results(of: String)
    /// The folder that its results belong into cannot be used.
    case noResults(at: String, ResultsObstacle)

    /// What the operator reads: the reason and what to do about it, without a full stop.
    public var reason: String {
        switch self {
        case .rootAccount:
            "it belongs to root; a pattern serves users only, name it by its exact path"
        case .systemAccount(let account, let least):
            "it belongs to the system user \(account) (uid \(account.uid), below \(least)); "
                + "a pattern serves users only, name it by its exact path"
        case .nobody(let account):
            "it belongs to \(account) (uid \(account.uid)), which is nobody's account; "
                + "a pattern serves users only, name it by its exact path"
        case .othersAccount(let account):
            "it belongs to \(account) (uid \(account.uid)), and without the capabilities to change "
                + "identity ingestd serves its own user alone"
        case .nameNotText: "its name is not UTF-8"
        case .beneath(let path): "it stands beneath the inbox \(path), which takes its files"
        case .above(let path): "the inbox \(path) stands beneath it"
        case .stateDirectory(let path): "it is, holds or stands in the state directory \(path)"
        case .tooManyDirectories(let limit):
            "more than \(limit) directories fit a part of the pattern; the rest is not looked at"
        case .tooManyInboxes(let limit): "more than \(limit) inboxes match; the rest is not served"
        case .notMounted(let point):
            "the share is not mounted, only the folder beneath it is there: mount \(point)"
        case .noPath: "it is no absolute path"
        case .results(let path):
            "it is, holds or stands in the folder for the results of the inbox \(path)"
        case .noResults(let path, let obstacle):
            "the folder for its results, \(path): \(obstacle.reason)"
        }
    }
}
