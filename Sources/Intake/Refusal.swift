import Inbox
import Rules

/// The refusals that intake itself speaks.
public enum Refusal {
    public static let link = Failure(
        .linkRefused,
        message: """
            This is a symbolic link, and ingestd follows none. Put the file itself here instead.
            """,
        detail: "look at drop: symbolic link")
    public static let secondLink = Failure(
        .linkRefused,
        message: """
            The file has a second name (a hard link) elsewhere. Remove one of the names, or put a \
            copy here.
            """,
        detail: "look at drop: more than one hard link")
    public static let special = Failure(
        .notAFile,
        message: "This is no regular file, so there is nothing to read. Remove it.",
        detail: "look at drop: FIFO, socket or device")
    public static let empty = Failure(
        .emptyFile,
        message: "The file is empty. Copy it here again; it is taken as soon as it has content.",
        detail: "look at drop: no bytes")
    public static let pathTooLong = Failure(
        .nameRefused,
        message: "The path to this file is too long. Give it or its folders shorter names.",
        detail: "look at drop: path too long")

    /// The inbox's owner lacks the right to read the file itself.
    public static func unreadable(_ path: BeneathPath, entry: Entry?, owner: Owner) -> Failure {
        let file = ShellWord.quoted(path)
        let remedy =
            if let entry, entry.uid != owner.account.uid {
                """
                It belongs to \(holder(entry.uid)), who alone can allow that, in the inbox: \
                chmod \(owner.gids.contains(entry.gid) ? "g" : "o")+r \(file)
                """
            } else {
                "This allows it, in the inbox: chmod u+r \(file)"
            }
        let mode = entry.map { String($0.mode, radix: 8) } ?? "unknown"
        return Failure(
            .notReadable,
            message: "The owner of this folder (\(owner.account)) may not read the file. \(remedy)",
            detail: "open drop: permission denied, mode \(mode), owner \(entry?.uid ?? 0)")
    }

    /// The file could not leave the inbox once it is taken.
    ///
    /// - Parameter folder: what is known of the folder that it stands in.
    public static func notRemovable(
        _ path: BeneathPath, _ obstacle: RemovalObstacle, in folder: Entry?, owner: Account
    ) -> Failure {
        let named =
            path.parent.isRoot ? "the inbox itself" : "the folder “\(path.parent)” of the inbox"
        let opening =
            if let folder, folder.uid != owner.uid {
                """
                It belongs to \(holder(folder.uid)): put the file into a folder of your own.
                """
            } else {
                "This allows it, in the inbox: chmod u+w \(ShellWord.quoted(path.parent))"
            }
        let (reason, detail) =
            switch obstacle {
            case .folderNotWritable:
                (
                    "\(owner) may not remove files from \(named). \(opening)",
                    "folder not writable"
                )
            case .stickyFolder:
                (
                    "The folder lets only a file's own owner remove it, and that is not \(owner).",
                    "sticky folder"
                )
            case .immutable:
                (
                    """
                    The file or its folder is protected from changes (lsattr shows it); whoever \
                    protected it can undo that.
                    """,
                    "immutable or append-only"
                )
            case .readOnlyFileSystem:
                ("The folder can only be read, not changed.", "read-only file system")
            }
        return Failure(
            .notRemovable,
            message: "A file that is taken leaves the folder, and this one could not. \(reason)",
            detail: "look at drop: \(detail)")
    }

    /// Whose something is, for people.
    public static func holder(_ uid: UInt32) -> String { uid == 0 ? "root" : "uid \(uid)" }

    static func tooLarge(_ size: ByteCount, limit: ByteCount) -> Failure {
        Failure(
            .tooLarge,
            message: """
                The file has \(size); at most \(limit) are taken here. Make it smaller or split it.
                """,
            detail: "look at drop: \(size.bytes) bytes, limit \(limit.bytes)")
    }
}
