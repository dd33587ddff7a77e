import Foundation
import Rules
import TestSupport
import Testing

@testable import ingestd

@Suite struct ConfigFileTests {
    /// The problems of a text, one line each, as they are printed.
    private func problems(_ text: String) -> [String] {
        do {
            _ = try ConfigFile(text: text, path: "c.yaml")
            return []
        } catch {
            return error.description.split(separator: "\n").map(String.init)
        }
    }

    @Test func `every key is understood`() throws {
        let text = """
            state: /var/lib/else/
            inboxes:
              - /srv/plain
              - path: /srv//in/./
                settle: 1500ms
                settle_without_proof: 20s
                open_writer_timeout: 15m
                rescan: 1h
                poll: 30s
                ignore: ["*.bak", private]
                recursive: no
                kinds: [pdf]
                stages: [text]
                limits: {bytes: 1GB, files: unlimited}
                pdf_size_limit: 1GB
                table_size_limit: 1MiB
                thumbnail: {page: 2, width: 100, height: 200, quality: 70}
                schema: participants
                max_errors: 5
                max_error_ratio: 2.5%
                qr: png
                qr_limit: 20
                originals: none
                results: ../Results//{name}
                fallback_encoding: cp949
                sheet: 참가자
            limits:
              default: {bytes: 10GB, files: 100}
              users:
                alice: {bytes: unlimited}
                1001: {files: 7, derived: 1TB}
              groups:
                root: {files: 9}
                "12345": {derived: unlimited}
                no-such-group: {bytes: 1}
            workers: {count: 3, program: /opt/worker, user: worker, require_landlock: true}
            stages:
              text: {soft: 5s, hard: 10s, memory: 2GiB, output: 8MiB, pages: 50}
            stop_timeout: 1m
            log: {format: json, level: warning}
            """
        let settings = try ConfigFile(text: text, path: "c.yaml").settings
        var expected = DaemonSettings(
            stateDirectory: "/var/lib/else", schemas: [.participants])
        expected.inboxes = [
            NamedInbox(path: "/srv/plain"),
            try NamedInbox(
                path: "/srv/in",
                settings: InboxSettings(
                    settle: .milliseconds(1500), settleWithoutProof: .seconds(20),
                    openWriterTimeout: .seconds(900), rescan: .seconds(3600), poll: .seconds(30),
                    ignore: ["*.bak", "private"],
                    isRecursive: false, families: [.pdf],
                    limit: QuotaLimit(bytes: .megabytes(1000), files: nil),
                    pdfSizeLimit: .megabytes(1000), tableSizeLimit: .mebibytes(1),
                    thumbnail: ThumbnailSettings(page: 2, width: 100, height: 200, quality: 70),
                    pdfStages: [.text], schema: .named("participants"),
                    errorAllowance: ErrorAllowance(count: 5, millionths: 25_000),
                    codes: CodeSettings(limit: 20), originals: .none,
                    results: ResultsPlace("../Results/{name}"), fallbackEncoding: "cp949",
                    sheet: "참가자")),
        ]
        expected.limits = AccountLimits(
            standard: QuotaLimit(bytes: .megabytes(10_000), files: 100),
            users: [
                "alice": QuotaLimit(bytes: nil, files: 100),
                "1001": QuotaLimit(
                    bytes: .megabytes(10_000), files: 7, derivedCap: .bytes(.megabytes(1_000_000))),
            ],
            groups: [
                "root": .init(gid: 0, limit: QuotaLimit(bytes: .megabytes(10_000), files: 9)),
                "12345": .init(
                    gid: 12345,
                    limit: QuotaLimit(
                        bytes: .megabytes(10_000), files: 100, derivedCap: .unlimited)),
                "no-such-group": .init(
                    gid: nil, limit: QuotaLimit(bytes: ByteCount(1), files: 100)),
            ])
        expected.workers = WorkerSettings(
            count: 3, program: "/opt/worker", user: "worker", requiresLandlock: true,
            allowances: [
                .text: StageAllowance(
                    soft: .seconds(5), hard: .seconds(10), memory: .mebibytes(2048),
                    output: .mebibytes(8), pages: 50)
            ])
        expected.stopTimeout = .seconds(60)
        expected.log = LogSettings(format: .json, level: .warning)
        #expect(settings == expected)
    }

    @Test func `a writer's timeout may be off, and brackets may be meant`() throws {
        let text = """
            inboxes:
              - {path: '/srv/[]a]/\\[x/[!*]', open_writer_timeout: off}
              - {path: '/srv/b\\**', open_writer_timeout: 20s}
            """
        let inboxes = try ConfigFile(text: text, path: "c.yaml").settings.inboxes
        #expect(inboxes.map(\.settings.openWriterTimeout) == [nil, .seconds(20)])
    }

    @Test(arguments: ["", "# nothing\n", "inboxes:\n", "limits: ~\nlog:\n"])
    func `a file that says nothing has the defaults`(text: String) throws {
        let settings = try ConfigFile(text: text, path: "c.yaml").settings
        #expect(settings == DaemonSettings(stateDirectory: "", schemas: [.participants]))
    }

    @Test(arguments: [
        ("inbox: []", "c.yaml:1:1: unknown key “inbox” in the file; did you mean “inboxes”? "),
        ("inboxes:\n  - path: /a\n    setle: 2s", "c.yaml:3:5: unknown key “setle” in inboxes[0]"),
        ("inboxes:\n  - path: /a\n    setle: 2s", "did you mean “settle”?"),
        ("inboxes:\n  - settle: 2s", "c.yaml:2:5: inboxes[0] has no path"),
        ("inboxes:\n  - path: srv", "c.yaml:2:11: inboxes[0].path must be an absolute path"),
        ("inboxes: [/srv/\\./*]", "c.yaml:1:11: inboxes: a part of the pattern is “.” or “..”"),
        ("inboxes: /srv/a", "c.yaml:1:10: inboxes must be a list"),
        ("inboxes: [{path: /a, settle: 2}]", "“2” has no unit; did you mean 2s?"),
        ("inboxes: [{path: /a, settle: 2h}]", "must be from 0s to 1h, not 2h"),
        ("inboxes: [{path: /a, pdf_size_limit: lots}]", "“lots” is not a size"),
        ("inboxes: [{path: /a, schema: participant}]", "did you mean “participants”?"),
        ("inboxes: [{path: /a, sheet: '  '}]", "inboxes[0].sheet must be the name of a sheet"),
        ("inboxes: [{path: /a, results: out}]", "inboxes[0].results must be an absolute path"),
        ("inboxes: [{path: /a, results: /b/../c}]", "inboxes[0].results has “..” behind"),
        ("inboxes: [{path: /a, results: '/b/{usr}'}]", "may have {name} and {user}"),
        ("inboxes: [{path: '/a/*', results: /b}]", "inboxes[0].results would be one folder for"),
        ("inboxes: [{path: '/a/*/In', results: '/b/{name}'}]", "write {user}, or “../Results”"),
        ("inboxes: [{path: '/a/*', results: ../b}]", "write {name} or {user}"),
        ("inboxes: [{path: /a, recursive: maybe}]", "must be true or false, not “maybe”"),
        ("inboxes: [{path: /a, thumbnail: {quality: 101}}]", "from 1 to 100, not “101”"),
        ("limits: {users: {alice: 5GB}}", "limits.users.alice must be keys with values"),
        ("limits: {default: {files: -1}}", "limits.default.files must be a whole number"),
        ("limits: {groups: {staff: {byte: 1}}}", "unknown key “byte” in limits.groups.staff"),
        ("limits: {default: {derived: lots}}", "“lots” is not a size"),
        ("inboxes: [{path: /a, kinds: [pfd]}]", "did you mean “pdf”?"),
        ("inboxes: [{path: /a, kinds: []}]", "inboxes[0].kinds is empty: nothing would be taken"),
        ("inboxes: [{path: /a, stages: [info]}]", "unknown inboxes[0].stages “info”"),
        (
            "inboxes: [{path: /a, limits: {derived: 1}}]",
            "unknown key “derived” in inboxes[0].limits"
        ),
        ("workers: {count: 65}", "workers.count must be a whole number from 1 to 64, not “65”"),
        ("stages: {text: {soft: 3m}}", "stages.text: soft (3m) must be shorter than hard (2m)"),
        ("stages: {thumbnail: {pages: 3}}", "stages.thumbnail has no bound on pages"),
        ("stages: {info: {pages: 0}}", "stages.info.pages must be a whole number from 1 to"),
        ("stages: {text: {output: 512KiB}}", "stages.text.output must be from"),
        ("workers: {require_landlock: maybe}", "workers.require_landlock must be true or false"),
        ("stages: {store: {soft: 3m}}", "unknown key “store” in stages"),
        ("log: {level: warn}", "unknown log.level “warn”; did you mean “warning”?"),
        ("state: /a/../b", "state must be written without “..”"),
        ("state: a/b", "state must be an absolute path, not “a/b”"),
        ("inboxes: [/srv/*/../x]", "c.yaml:1:11: inboxes must be written without “..”"),
        ("inboxes: ['/srv/[ab/in']", "c.yaml:1:11: inboxes: a “[” is never closed"),
        ("inboxes: ['/srv/**/in']", "c.yaml:1:11: inboxes: “**” is no more than “*” here"),
        ("state:", "c.yaml:1:7: state must have a value"),
        ("- a", "c.yaml:1:1: the file must be keys with values"),
        ("state: /a\nstate: /b", "the key “state” stands here twice; keep one"),
        ("state: [", "c.yaml:2:1: not YAML: "),
    ])
    func `a mistake is told with its place and its remedy`(text: String, expected: String) {
        let found = problems(text + "\n")
        #expect(found.contains { $0.contains(expected) }, "\(found)")
    }

    @Test func `all mistakes are told at once, in the order of the file`() {
        let text = """
            inboxes:
              - path: /a
                setle: 2s
            lmits: {}
            stop_timeout: never
            """
        let lines = problems(text).map { $0.split(separator: ":")[1] }
        #expect(lines == ["3", "4", "5"])
    }

    @Test func `a file that cannot be read is told by name`() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: ConfigError.self) {
            try ConfigFile(path: "\(folder.path)/none.yaml")
        }
        #expect(error?.description.hasPrefix("\(folder.path)/none.yaml: the file cannot") == true)
    }

    @Test func `a file past the limit is not read`() throws {
        let folder = try TemporaryFolder()
        let comment = "#" + String(repeating: "x", count: ConfigFile.sizeLimit - 2) + "\n"
        let fits = try folder.write(comment, to: "fits.yaml")
        let large = try folder.write(comment + "#", to: "large.yaml")
        #expect(throws: Never.self) { try ConfigFile(path: fits) }
        #expect(throws: ConfigError.self) { try ConfigFile(path: large) }
    }
}

@Suite struct SampleConfigTests {
    private var lines: [Substring] {
        get throws {
            let text = try String(
                contentsOfFile: "\(packageRoot)/etc/ingestd.yaml", encoding: .utf8)
            return text.split(separator: "\n", omittingEmptySubsequences: false)
        }
    }

    /// The file as it is when every key in a comment is made one.
    private var uncommented: String {
        get throws {
            try lines.filter { $0 != "inboxes: []" }.map { line in
                // Keys follow the `#` at once or behind their indentation; prose, behind one space.
                let isProse = line.hasPrefix("# ") && !line.hasPrefix("#  ")
                guard line.hasPrefix("#"), !isProse else { return String(line) }
                return String(line.dropFirst())
            }.joined(separator: "\n").replacing("\n  - path", with: "\ninboxes:\n  - path")
        }
    }

    @Test func `the installed file is a valid config without any inbox`() throws {
        let settings = try ConfigFile(path: "\(packageRoot)/etc/ingestd.yaml").settings
        #expect(settings == DaemonSettings(stateDirectory: "", schemas: [.participants]))
    }

    @Test func `what stands in comments are the defaults and valid examples`() throws {
        let settings = try ConfigFile(text: uncommented, path: "ingestd.yaml").settings
        var expected = DaemonSettings(stateDirectory: "/var/lib/ingestd")
        expected.inboxes = [
            try NamedInbox(
                path: "/srv/ingest/alice",
                settings: InboxSettings(
                    openWriterTimeout: .seconds(900), ignore: ["*.bak", "private"],
                    errorAllowance: ErrorAllowance(count: 100, millionths: 50_000),
                    results: ResultsPlace("/srv/results/{user}"), sheet: "Participants",
                    retention: RetentionSettings(
                        keep: .seconds(90 * 86_400), versions: 5, keepStatus: .seconds(30 * 86_400))
                ))
        ]
        expected.schemas = settings.schemas
        #expect(settings.schemas.map(\.name) == ["members", "participants"])
        #expect(settings.schemas[0].columns.count == 6)
        expected.limits.users = ["alice": QuotaLimit(bytes: .megabytes(50_000), files: 200_000)]
        expected.limits.groups = [
            "staff": .init(
                gid: UserGroup.gid(of: "staff"),
                limit: QuotaLimit(bytes: .megabytes(20_000), files: nil))
        ]
        expected.workers.program = "/usr/local/libexec/ingestd/ingest-worker"
        expected.workers.user = "ingestd-worker"
        for stage in [StageName.info, .text, .thumbnail, .pages, .tableImport] {
            expected.workers.allowances[stage] = StageAllowance.standard(for: stage)
        }
        #expect(settings == expected)
    }

    @Test func `every key is documented`() throws {
        let keys =
            ConfigKey.allCases.map(\.rawValue) + InboxKey.allCases.map(\.rawValue)
            + ThumbnailKey.allCases.map(\.rawValue) + LimitsKey.allCases.map(\.rawValue)
            + LimitKey.allCases.map(\.rawValue) + WorkersKey.allCases.map(\.rawValue)
            + StagesKey.allCases.map(\.rawValue) + StageKey.allCases.map(\.rawValue)
            + LogKey.allCases.map(\.rawValue)
        let documented = try Set(
            uncommented.split(separator: "\n").compactMap { line -> String? in
                let key = line.drop { $0 == " " || $0 == "-" }.prefix { $0 != ":" }
                return line.contains(":") ? String(key) : nil
            })
        for key in keys { #expect(documented.contains(key), "\(key) is not in etc/ingestd.yaml") }
    }
}
