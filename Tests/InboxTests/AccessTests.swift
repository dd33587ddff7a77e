import Rules
import Testing

@testable import Inbox

@Suite struct AccessTests {
    private let owner = Owner(
        account: Account(uid: 1001, name: "alice"), gid: 1001, groups: [1001, 2000])

    private func entry(
        uid: UInt32 = 1001, gid: UInt32 = 1001, mode: UInt16, isImmutable: Bool = false
    ) -> Entry {
        Entry(
            kind: .folder,
            identity: DropIdentity(device: 1, inode: 1, size: .zero, modified: 0, changed: 0),
            linkCount: 1, uid: uid, gid: gid, mode: mode, isImmutable: isImmutable)
    }

    @Test func `the first class that fits decides alone`() {
        // Rule: path_resolution(7): an owner whose own bits deny is not helped by the others'.
        #expect(owner.denied(.read, of: entry(mode: 0o077)) == .read)
        #expect(owner.denied(.read, of: entry(uid: 0, gid: 2000, mode: 0o707)) == .read)
        #expect(owner.denied(.read, of: entry(uid: 0, gid: 0, mode: 0o770)) == .read)
        #expect(owner.denied([.read, .search], of: entry(uid: 0, gid: 0, mode: 0o005)).isEmpty)
        #expect(
            owner.denied([.read, .write, .search], of: entry(uid: 0, gid: 2000, mode: 0o050))
                == .write)
        #expect(owner.accessClass(to: entry(mode: 0)) == .user)
        #expect(owner.accessClass(to: entry(uid: 0, gid: 2000, mode: 0)) == .group)
        #expect(owner.accessClass(to: entry(uid: 0, gid: 0, mode: 0)) == .other)
    }

    @Test func `the superuser is denied nothing`() {
        let root = Owner(account: Account(uid: 0, name: "root"), gid: 0, groups: [])
        #expect(root.denied([.read, .write, .search], of: entry(mode: 0)).isEmpty)
    }

    @Test func `what keeps a name from going is told from the folder and the file`() {
        let account = owner.account
        let own = entry(mode: 0o755)
        let strangers = entry(uid: 7, mode: 0o644)
        #expect(RemovalObstacle(to: own, in: own, by: account) == nil)
        let sticky = entry(uid: 0, mode: 0o1777)
        #expect(RemovalObstacle(to: strangers, in: sticky, by: account) == .stickyFolder)
        #expect(RemovalObstacle(to: own, in: sticky, by: account) == nil)
        // Who owns a sticky folder may remove what is in it.
        #expect(RemovalObstacle(to: strangers, in: entry(mode: 0o1777), by: account) == nil)
        let frozen = entry(mode: 0o755, isImmutable: true)
        #expect(RemovalObstacle(to: frozen, in: own, by: account) == .immutable)
        #expect(RemovalObstacle(to: own, in: frozen, by: account) == .immutable)
    }

    @Test func `a canary's name has a shape of its own`() {
        let canary = HiddenName.canary()
        #expect(HiddenName.isCanary(canary.bytes))
        #expect(!HiddenName.isTemporary(canary))
        #expect(!HiddenName.isCanary(HiddenName.random().bytes))
        for name in [
            ".ingestd-canary-", ".ingestd-canary-0123456789abcde",
            "ingestd-canary-0123456789abcdef",
            ".ingestd-canary-0123456789abcdeF", ".ingestd-canary-0123456789abcdef0",
        ] {
            #expect(!HiddenName.isCanary(Array(name.utf8)), "\(name)")
        }
        #expect(HiddenName.canary() != canary)
    }
}
