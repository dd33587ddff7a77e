import CLinux
import Glibc
import Rules
import SystemPackage

/// In whose name an inbox is touched: the owner's uid, primary group and supplementary groups.
public struct Owner: Sendable, Hashable {
    /// The group of a uid that the user database does not know: it gets nobody's rights.
    static let noGroup: UInt32 = 65534
    /// The user database's longest answer that is waited for, in bytes.
    private static let answerLimit = 1 << 20
    /// The kernel's own bound on a thread's groups.
    private static let groupLimit: Int32 = 65536

    public let account: Account
    public let gid: UInt32
    /// Sorted.
    public let groups: [UInt32]

    public init(account: Account, gid: UInt32, groups: [UInt32]) {
        self.account = account
        self.gid = gid
        self.groups = groups.sorted()
    }

    /// All groups of the owner, the primary one among them; it may come twice.
    public var gids: [UInt32] { groups + [gid] }

    /// Who this process itself is.
    public static func ofProcess() -> Owner {
        var groups = [gid_t](repeating: 0, count: max(0, Int(getgroups(0, nil))))
        let count = getgroups(Int32(groups.count), &groups)
        return Owner(
            account: Account(uid: geteuid(), name: nil), gid: getegid(),
            groups: Array(groups.prefix(max(0, Int(count)))))
    }

    /// Asks the user database who `uid` is; a uid it does not know has no groups.
    ///
    /// - Throws: ``InboxError/identityRefused(_:_:)`` when the database cannot be read.
    public static func lookUp(uid: UInt32) throws(InboxError) -> Owner {
        let unknown = Account(uid: uid, name: nil)
        var length = 4096
        while true {
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: length)
            defer { buffer.deallocate() }
            var record = passwd()
            var found: UnsafeMutablePointer<passwd>?
            let code = getpwuid_r(uid, &record, buffer, length, &found)
            if code == ERANGE, length < answerLimit {
                length *= 4
                continue
            }
            // Several databases answer a uid they do not know with an error instead of with
            // nothing.
            if found == nil, [0, ENOENT, ESRCH].contains(code) {
                return Owner(account: unknown, gid: noGroup, groups: [])
            }
            guard code == 0, found != nil, let name = record.pw_name else {
                throw .identityRefused(unknown, Errno(rawValue: code))
            }
            let account = Account(uid: uid, name: String(cString: name))
            let groups = try groups(of: name, gid: record.pw_gid, account: account)
            return Owner(account: account, gid: record.pw_gid, groups: groups)
        }
    }

    /// The user of a name; nil for a name that the user database does not know.
    ///
    /// - Throws: ``InboxError/identityRefused(_:_:)`` when the database cannot be read.
    public static func account(named name: String) throws(InboxError) -> Account? {
        var length = 4096
        while true {
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: length)
            defer { buffer.deallocate() }
            var record = passwd()
            var found: UnsafeMutablePointer<passwd>?
            let code = getpwnam_r(name, &record, buffer, length, &found)
            switch code {
            case ERANGE where length < answerLimit: length *= 4
            case 0, ENOENT, ESRCH, EBADF, EPERM:
                return found == nil ? nil : Account(uid: record.pw_uid, name: name)
            default:
                throw .identityRefused(Account(uid: .max, name: name), Errno(rawValue: code))
            }
        }
    }

    private static func groups(
        of name: UnsafePointer<CChar>, gid: UInt32, account: Account
    ) throws(InboxError) -> [UInt32] {
        var count: Int32 = 64
        while count <= groupLimit {
            var groups = [gid_t](repeating: 0, count: Int(count))
            var answered = count
            if getgrouplist(name, gid, &groups, &answered) >= 0 {
                return Array(groups.prefix(Int(answered)))
            }
            count = max(count * 2, answered)
        }
        throw .identityRefused(account, .outOfRange)
    }
}

/// The identity that one thread has at the moment, for every file it touches.
struct ThreadIdentity {
    private var current: Owner?

    /// Gives the calling thread the identity of `owner`; costs nothing when it has it already.
    ///
    /// An ordinary user's daemon that serves its own user keeps the identity it has.
    ///
    /// - Throws: ``InboxError/identityRefused(_:_:)``; the thread's identity is then unknown, and
    ///   the next call sets it from the ground up.
    mutating func become(_ owner: Owner) throws(InboxError) {
        guard current != owner else { return }
        current = nil
        let uid = owner.account.uid
        let code = owner.groups.withUnsafeBufferPointer {
            clinux_thread_setgroups($0.baseAddress, $0.count)
        }
        if code == -EPERM, uid == geteuid(), clinux_thread_setfsuid(.max) == uid {
            current = owner
            return
        }
        guard code == 0 else { throw .identityRefused(owner.account, Errno(rawValue: -code)) }
        // The user last: from root to another it takes the rights over other people's files away.
        _ = clinux_thread_setfsgid(owner.gid)
        _ = clinux_thread_setfsuid(uid)
        guard clinux_thread_setfsgid(.max) == owner.gid, clinux_thread_setfsuid(.max) == uid else {
            throw .identityRefused(owner.account, .notPermitted)
        }
        current = owner
    }
}
