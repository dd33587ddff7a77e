import Glibc
import Rules
import Testing
import WorkerProtocol

@testable import Workers

/// Every misdeed, through the real slot: each ends in its code, and leaves no process behind.
@Suite struct MisdeedTests {
    @Test(arguments: [
        ("leaves", ErrorCode.workerCrashed, "exit status 7"),
        ("traps", .workerCrashed, "SIG"),
        ("faults", .workerCrashed, "SIGSEGV"),
        ("leavesChild", .workerCrashed, "exit status 3"),
        ("isKilled", .memoryExceeded, "SIGKILL"),
        ("overspends", .timeout, "processor time"),
        ("floodsLog", .workerCrashed, "to its log"),
        ("floodsArtifact", .outputTooLarge, "more than 8388608 bytes"),
        ("floodsProgress", .workerCrashed, "progress without end"),
        ("liesOnLength", .workerCrashed, "length is out of range"),
        ("liesOnKind", .workerCrashed, "no such reply"),
        ("liesOnOrder", .workerCrashed, "bytes of no artifact"),
        ("liesOnResult", .workerCrashed, "result of another stage"),
        ("liesOnCode", .workerCrashed, "error code that is not its own"),
        ("liesOnName", .workerCrashed, "name that is none"),
        ("liesOnStage", .workerCrashed, "not its stage's own"),
        ("talksOn", .workerCrashed, "words after the last word"),
        ("closesSocket", .workerCrashed, "closed its socket"),
    ])
    func `a misdeed ends in its code`(misdeed: String, code: ErrorCode, why: String) async throws {
        let bench = try WorkerBench(misdeed: misdeed)
        let outcome = try await bench.outcome()
        #expect(outcome.code == code)
        #expect(outcome.detail?.contains(why) == true, "\(outcome)")
        let killed = bench.lines.filter { $0.event == .workerKilled }
        #expect(killed.count == 1)
        #expect(killed.first?.fields[.document] == "0194")
        #expect(killed.first?.fields[.code] == code.rawValue)
        #expect(bench.remains.isEmpty)
    }

    @Test(arguments: ["spins", "stopsMidFrame", "stopsItself", "neverReads"])
    func `whoever gives no answer is killed at the deadline`(misdeed: String) async throws {
        let bench = try WorkerBench(misdeed: misdeed)
        let outcome = try await bench.outcome(limits: .hard(.milliseconds(700)))
        #expect(outcome.code == .timeout)
        #expect(bench.lines.last?.fields[.signal] == "SIGKILL")
        #expect(bench.remains.isEmpty)
    }

    @Test func `a hoarder comes to an end by its own limit`() async throws {
        let bench = try WorkerBench(misdeed: "hoards")
        let outcome = try await bench.outcome()
        #expect(outcome.code == .memoryExceeded, "\(outcome) \(bench.lines)")
        #expect(bench.remains.isEmpty)
    }

    @Test func `rows that do not fit their table are a lie`() async throws {
        let bench = try WorkerBench(misdeed: "liesOnRows")
        let request = StageRequest.tableImport(
            TableRequest(choice: .auto, schemas: [], fallbackEncoding: "windows-1252"))
        let outcome = try await bench.outcome(of: request)
        #expect(outcome.code == .workerCrashed)
        #expect(outcome.detail?.contains("other columns than its table") == true)
    }

    @Test func `what a worker started dies with it`() async throws {
        let bench = try WorkerBench(misdeed: "leavesChild")
        let child = try await bench.run { session in
            var artifacts = ArtifactCollector()
            _ = session.run(.info(pageLimit: 1), limits: .ample) { artifacts.take($0) }
            return artifacts.texts["info.json"].flatMap { pid_t($0) }
        }
        try awaitEnd(of: try #require(child))
    }

    @Test func `a worker that would not go is killed between documents`() async throws {
        let bench = try WorkerBench(misdeed: "outstays")
        let outcome = try await bench.outcome()
        #expect(outcome.result == .text(characters: 1))
        #expect(bench.remains.isEmpty)
    }

    @Test func `warnings are bounded and on one line`() async throws {
        let bench = try WorkerBench(misdeed: "floodsWarnings")
        let replies = try await bench.run { session in
            var artifacts = ArtifactCollector()
            _ = session.run(.info(pageLimit: 1), limits: .ample) { artifacts.take($0) }
            return artifacts.replies
        }
        #expect(replies == (0..<100).map { .warning("warning \($0)") })
    }
}
