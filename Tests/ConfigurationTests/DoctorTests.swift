import Foundation
import Inbox
import Rules
import Testing

@testable import ingestd

@Suite struct DoctorPartsTests {
    @Test(arguments: [
        ("/srv/a.pdf", "/srv/a.pdf"), ("", "''"), ("/srv/a b.pdf", "'/srv/a b.pdf'"),
        ("it's", "'it'\\''s'"), ("$(reboot)", "'$(reboot)'"), ("한국어.pdf", "'한국어.pdf'"),
        ("a\nb", "'a\nb'"),
    ])
    func `a word for a shell means the same there`(text: String, word: String) {
        #expect(ShellWord.quoted(text) == word)
    }

    @Test func `what the system is told to mount and has not is found`() {
        let table = """
            # a comment /srv
            UUID=1 / ext4 defaults 0 1
            server:/x /srv/ingest nfs defaults 0 0
            server:/y\t/srv/my\\040files\tnfs\tdefaults 0 0
            none none swap sw 0 0
            """
        func missing(_ path: String, _ mounted: String) -> String? {
            MissingMount.find(at: path, table: table, mounted: mounted)
        }
        #expect(missing("/srv/ingest/alice", "UUID=1 / ext4 rw 0 0") == "/srv/ingest")
        #expect(missing("/srv/ingest", "UUID=1 / ext4 rw 0 0") == "/srv/ingest")
        #expect(missing("/srv/ingest2", "") == nil)
        #expect(missing("/srv/ingest/a", "server:/x /srv/ingest nfs4 rw 0 0") == nil)
        #expect(missing("/srv/my files/a", "") == "/srv/my files")
    }

    private func identity(uid: Int, capabilities: String) throws -> ProcessIdentity {
        try #require(
            ProcessIdentity(
                status: "Name:\tx\nUid:\t\(uid)\t\(uid)\t\(uid)\t\(uid)\nCapEff:\t\(capabilities)\n"
            ))
    }

    @Test func `whoever overrides permissions is told by what`() throws {
        let service = try identity(uid: 990, capabilities: "00000000100000e0")
        #expect(service.overriding.isEmpty && service.missing.isEmpty && !service.isOrdinary)
        let greedy = try identity(uid: 990, capabilities: "00000000100000e3")
        #expect(greedy.overriding == ["CAP_CHOWN", "CAP_DAC_OVERRIDE"])
        let poor = try identity(uid: 990, capabilities: "00000000000000c0")
        #expect(poor.missing == ["CAP_LEASE", "CAP_KILL"])
        let ordinary = try identity(uid: 1001, capabilities: "0000000000000000")
        #expect(ordinary.isOrdinary)
        let root = try identity(uid: 0, capabilities: "000001ffffffffff")
        #expect(root.overriding.isEmpty && root.missing.isEmpty && !root.isOrdinary)
        #expect(ProcessIdentity(status: "Name:\tx\n") == nil)
    }

    @Test(arguments: [(50, CheckResult.Level.ok), (51, .warning)])
    func `more folders than half of the watches are polled`(
        folders: Int, level: CheckResult.Level
    ) {
        var checkup = Checkup()
        WatchLimits(watches: 100, instances: 128, queuedEvents: 16_384)
            .check(folders: folders, isWhole: true, &checkup)
        #expect(checkup.results.map(\.level) == [level, .ok, .ok])
        let remedy = checkup.results[0].remedy ?? ""
        #expect(remedy.contains("fs.inotify.max_user_watches=65536") == (level == .warning))
    }

    @Test func `room is scarce before it is gone`() {
        func level(_ bytes: Int64, _ inodes: Int64?) -> CheckResult.Level? {
            var checkup = Checkup()
            FreeRoom(bytes: ByteCount(bytes), inodes: inodes)
                .check("x", &checkup, scarce: ByteCount(100))
            return checkup.results.first?.level
        }
        #expect(level(100, nil) == .ok)
        #expect(level(99, nil) == .warning)
        #expect(level(100, 999) == .warning)
        #expect(level(0, nil) == .error)
        #expect(level(100, 0) == .error)
    }

    @Test func `a checkup counts, advises, and keeps the terminal safe`() throws {
        var checkup = Checkup()
        checkup.fine("a", "one", "good")
        checkup.warn("b", "two", "so\u{1b}[2J so", remedy: "mend it")
        checkup.fail("c", "three", "bad", remedy: "mend that", figures: [.init("n", .count(3))])
        #expect(checkup.count(.error) == 1 && checkup.count(.warning) == 1)
        #expect(!checkup.text.contains("\u{1b}"))
        #expect(checkup.text.contains("error: c, three: bad\n    mend that\n"))
        #expect(checkup.text.hasSuffix("\n1 error, 1 warning\n"))
        let value = try JSONSerialization.jsonObject(with: Data(checkup.json.keyPerLine.utf8))
        let members = try #require(value as? [String: Any])
        #expect(members["ok"] as? Bool == false)
        let checks = try #require(members["checks"] as? [[String: Any]])
        #expect(checks[2]["n"] as? Int == 3)
        #expect(checks[2]["remedy"] as? String == "mend that")
    }

    @Test func `a denial names the bits and the class`() {
        let denial = Denial(
            path: BeneathPath(), access: [.read, .search], bits: .group, uid: 0)
        #expect(denial.command == "chmod g+rx")
    }
}
