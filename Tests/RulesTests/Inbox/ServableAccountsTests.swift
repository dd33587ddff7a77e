import Testing

@testable import Rules

@Suite struct ServableAccountsTests {
    private func accounts(_ text: String) -> ServableAccounts {
        ServableAccounts(loginDefinitions: Array(text.utf8))
    }

    @Test(arguments: [
        ("", 1000 as UInt32),
        ("UID_MIN 500\n", 500),
        ("# UID_MIN 1\nUID_MIN\t\t  2000 # people\nSYS_UID_MIN 100\nGID_MIN 7\n", 2000),
        ("UID_MIN 500\nUID_MIN 600", 600),
        ("UID_MIN 0x3e8\n", 1000),
        ("UID_MIN 01750\n", 1000),
        ("UID_MIN many\n", 1000),
    ])
    func `the system says who is a person`(text: String, least: UInt32) {
        #expect(accounts(text).leastUID == least)
    }

    @Test func `root, system users and nobody are no people`() {
        let accounts = accounts("UID_MIN 1000")
        func refusal(_ uid: UInt32) -> InboxRefusal? {
            accounts.refusal(of: Account(uid: uid, name: nil))
        }
        #expect(refusal(0) == .rootAccount)
        for uid in [1, 33, 999] as [UInt32] {
            #expect(refusal(uid) == .systemAccount(Account(uid: uid, name: nil), leastUID: 1000))
        }
        for uid in [1000, 40_001, 65_533, 65_536, 4_294_967_293] as [UInt32] {
            #expect(refusal(uid) == nil, "\(uid)")
        }
        for uid in [65_534, 65_535, 4_294_967_294, 4_294_967_295] as [UInt32] {
            #expect(refusal(uid) == .nobody(Account(uid: uid, name: nil)), "\(uid)")
        }
    }
}
