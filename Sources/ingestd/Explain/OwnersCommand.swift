import CLinux
import Glibc
import Inbox
import Rules

/// A command on something in an inbox, as whoever reads the advice is to run it.
///
/// Between the advice and the command the inbox's owner may put a link in the place of anything
/// there. With root's rights it would then be done to somebody else's file; with the owner's it can
/// only be done to what is theirs.
/// Rule: docs/threat-model.md, "A hostile owner of an inbox".
enum OwnersCommand {
    /// The command, for root with what lets it run as `owner`.
    static func text(_ command: String, as owner: Owner, reader: uid_t = geteuid()) -> String {
        let uid = owner.account.uid
        if reader == uid { return command }
        guard reader == 0 else { return "as \(owner.account): \(command)" }
        // Only whom the user database knows has groups that it could tell.
        let groups = owner.account.name == nil ? "--clear-groups" : "--init-groups"
        return "setpriv --reuid=\(uid) --regid=\(owner.gid) \(groups) \(command)"
    }

    /// The same for an inbox that could not be opened: as whoever owns what stands at `path`.
    static func text(_ command: String, asOwnerOf path: String) -> String {
        var facts = stat()
        guard lstat(path, &facts) == 0 else { return "as its owner: \(command)" }
        do throws(InboxError) {
            return text(command, as: try Owner.lookUp(uid: facts.st_uid))
        } catch {
            return "as uid \(facts.st_uid): \(command)"
        }
    }
}
