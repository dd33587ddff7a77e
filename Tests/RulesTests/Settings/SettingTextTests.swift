import Rules
import Testing

@Suite struct SizeSettingTests {
    @Test(arguments: [
        ("0", 0), ("4096", 4096), ("10MB", 10_000_000), ("1GiB", 1 << 30), ("1.5 KiB", 1536),
        ("2k", 2000), ("3Mi", 3 << 20), ("0.001kB", 1), ("1tb", 1_000_000_000_000), ("7B", 7),
    ])
    func `sizes are read as people write them`(text: String, bytes: Int) throws {
        #expect(try ByteCount(setting: text) == ByteCount(bytes))
    }

    @Test(arguments: [
        "", "MB", "-1", "1,5MB", "1.2345MB", "0.5", "10XB", "1 0MB", "0x10", "9999999TB",
        "99999999999999999999", "10MB ", "１０MB", "1e3",
    ])
    func `anything else is refused`(text: String) {
        #expect(throws: SettingError.self) { try ByteCount(setting: text) }
    }
}

@Suite struct DurationSettingTests {
    @Test(arguments: [
        ("0", Duration.zero), ("500ms", .milliseconds(500)), ("2s", .seconds(2)),
        ("10m", .seconds(600)), ("10 min", .seconds(600)), ("1.5h", .seconds(5400)),
        ("7d", .seconds(604_800)), ("0.25s", .milliseconds(250)),
    ])
    func `durations are read as people write them`(text: String, duration: Duration) throws {
        #expect(try Duration(setting: text) == duration)
    }

    @Test(arguments: ["", "s", "2", "-2s", "2 weeks", "0.5ms", "1h30m", "99999999999999d"])
    func `anything else is refused`(text: String) {
        #expect(throws: SettingError.self) { try Duration(setting: text) }
    }

    @Test(arguments: ["0s", "1500ms", "2s", "10m", "1h", "7d", "90s"])
    func `a duration is written as it was read`(text: String) throws {
        #expect(try Duration(setting: text).setting == text)
    }
}

@Suite struct NearestNameTests {
    @Test(arguments: [
        ("inbox", "inboxes"), ("setle", "settle"), ("Settle-Without-Prof", "settle_without_proof"),
        ("resacn", "rescan"), ("", "poll"),
    ])
    func `the name with the fewest slips is found`(word: String, nearest: String) {
        let names = ["inboxes", "settle", "settle_without_proof", "rescan", "poll"]
        #expect(NearestName.of(word, among: names) == nearest)
    }

    @Test(arguments: [("", "", 0), ("a", "", 1), ("ab", "ba", 1), ("kitten", "sitting", 3)])
    func `slips are counted`(left: String, right: String, slips: Int) {
        #expect(NearestName.distance(Array(left.utf8), Array(right.utf8)) == slips)
        #expect(NearestName.distance(Array(right.utf8), Array(left.utf8)) == slips)
    }
}

@Suite struct AccountLimitsTests {
    private let limits = AccountLimits(
        standard: QuotaLimit(bytes: .zero, files: 1),
        users: [
            "alice": QuotaLimit(bytes: nil, files: 2), "1002": QuotaLimit(bytes: nil, files: 3),
        ])

    @Test(arguments: [
        (Account(uid: 1001, name: "alice"), 2), (Account(uid: 1002, name: "bob"), 3),
        (Account(uid: 1002, name: nil), 3), (Account(uid: 1002, name: "alice"), 2),
        (Account(uid: 1003, name: "carol"), 1),
    ])
    func `an account has its own limit by name, then by number, else the default`(
        account: Account, files: Int
    ) {
        #expect(limits.limit(for: account, in: []).files == files)
    }

    @Test(
        arguments: [
            ([], 1), ([99], 1), ([100], 5), ([100, 101], 7), ([101, 100], 7), ([102], 1),
        ] as [([UInt32], Int)])
    func `who has none of their own has the largest of their groups'`(
        gids: [UInt32], files: Int
    ) {
        var limits = limits
        limits.groups = [
            "staff": .init(gid: 100, limit: QuotaLimit(bytes: ByteCount(90), files: 5)),
            "101": .init(gid: 101, limit: QuotaLimit(bytes: ByteCount(10), files: 7)),
            "gone": .init(gid: nil, limit: .unlimited),
        ]
        let limit = limits.limit(for: Account(uid: 1, name: nil), in: gids)
        #expect(limit.files == files)
        if gids.count == 2 { #expect(limit.bytes == ByteCount(90)) }
        // A user's own limit goes before, and be it smaller.
        #expect(limits.limit(for: Account(uid: 1002, name: nil), in: gids).files == 3)
    }
}

@Suite struct WorkerSettingsTests {
    @Test(arguments: [(nil, 2, 2), (nil, 200, 64), (nil, 0, 1), (5, 2, 5)])
    func `slots follow the processors within bounds`(count: Int?, processors: Int, slots: Int) {
        #expect(WorkerSettings(count: count).slotCount(processors: processors) == slots)
    }

    @Test(arguments: StageName.allCases)
    func `exactly the stages of workers have an allowance, and stop before they are killed`(
        stage: StageName
    ) {
        let allowance = WorkerSettings().allowance(for: stage)
        #expect((allowance != nil) == stage.runsInWorker)
        if let allowance { #expect(allowance.soft < allowance.hard) }
    }
}
