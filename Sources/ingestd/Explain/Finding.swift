import Inbox
import Intake
import Rules

/// A permission that somebody lacks, and where.
struct Denial: Sendable, Hashable {
    let path: BeneathPath
    let access: Access
    /// The bits that would have to allow it.
    let bits: AccessClass
    /// Whose it is: only this user, or root, may change its bits.
    let uid: UInt32

    /// What allows it: `chmod g+rx`.
    var command: String {
        let letters: [(Access, String)] = [(.read, "r"), (.write, "w"), (.search, "x")]
        let who =
            switch bits {
            case .user: "u"
            case .group: "g"
            case .other: "o"
            }
        return "chmod \(who)+" + letters.filter { access.contains($0.0) }.map(\.1).joined()
    }
}

/// What a look at one path shows, by the rules that the daemon goes by; the first that holds.
enum Finding: Sendable, Hashable {
    case inboxItself
    /// A folder that is looked into.
    case folder
    /// A folder that is looked into, and whose files could not leave it.
    case fixedFolder(RemovalObstacle, Denial?)
    case missing
    case ignored(IgnoreRule, on: BeneathPath)
    case sidecar(on: BeneathPath)
    /// One of ingestd's own results, known by this mark.
    case ownResult(mark: BeneathPath)
    case request(Request)
    case notRecursive
    /// A link stands where a folder would have to.
    case linkAbove(BeneathPath)
    /// A folder above it cannot be entered or read; the denial is unknown where no bits say why.
    case closedFolder(Denial?)
    /// Whoever asks may not look there.
    case forbidden(Denial?)
    case atSight(Failure)
    case secondLink
    case empty
    case stillWritten
    /// Whether somebody may still be writing it is unknown where not its taker looked.
    case mismatch(Failure, mayBeWritten: Bool)
    case unreadable(Failure, Denial?)
    case notRemovable(RemovalObstacle, Failure, Denial?)
    /// Too large, by so many bytes.
    case tooLarge(Failure, limit: ByteCount, excess: ByteCount)
    case refused(Failure)
    /// It changes while it is looked at.
    case changing
    case trouble(Failure)
    /// Nothing is wrong with it.
    case sound(Proof)

    /// What is known of a sound file.
    enum Proof: Sendable, Hashable {
        case admitted(DropKind, AdmissionProof)
        /// Whoever asks may not read it, so its content was not compared with its name.
        case contentUnseen
    }
}

/// All that was seen of one path, and of what ingestd wrote beside it.
struct DropSight: Sendable {
    var finding: Finding
    var entry: Entry?
    /// Of the folder that it stands in; nil where that cannot be opened.
    var fileSystem: FileSystemKind?
    /// The status file of the path's name, if it is ingestd's.
    var status: StatusFile?
    /// Where the results of the path's name are; nil where there are none.
    var results: String?
    var inbox: InboxSummary?
}
