import Glibc
import Rules
import SystemPackage
import Testing
import WorkerProtocol

@testable import Workers

@Suite struct WorkerSessionTests {
    private static let text = StageRequest.text(pageLimit: 10, byteLimit: 1000)

    /// Runs stages in one session; gives for each its outcome, and the pid of the worker that
    /// served it.
    private func served(
        by misdeed: String, _ stages: [(StageRequest, WorkerLimits)]
    ) async throws -> (served: [(outcome: WorkerOutcome, pid: String?)], bench: WorkerBench) {
        let bench = try WorkerBench(misdeed: misdeed)
        let served = try await bench.run { session in
            stages.map { request, limits in
                var artifacts = ArtifactCollector()
                let outcome = session.run(request, limits: limits) { artifacts.take($0) }
                return (outcome, artifacts.honestPid)
            }
        }
        return (served, bench)
    }

    @Test func `one process serves all stages of a document`() async throws {
        let (served, bench) = try await served(
            by: "none",
            [
                (.info(pageLimit: 1), .ample), (Self.text, .ample),
                (.thumbnail(ThumbnailSettings()), .ample),
            ])
        #expect(
            served.map(\.outcome.result)
                == [
                    .info(PDFSummary(pages: 1, metadata: [:])), .text(characters: 1),
                    .thumbnail(count: 1),
                ])
        #expect(Set(served.map(\.pid)).count == 1)
        #expect(bench.lines.allSatisfy { $0.event == .workerSaid })
        #expect(bench.remains.isEmpty)
    }

    @Test func `no process sees two documents`() async throws {
        let bench = try WorkerBench(misdeed: "none")
        for _ in 0..<2 { _ = try await bench.outcome() }
        let pids = bench.lines.compactMap { $0.fields[.pid] }
        #expect(pids.count == 2)
        #expect(Set(pids).count == 2)
    }

    @Test func `the worker reads the blob`() async throws {
        let bench = try WorkerBench(misdeed: "none")
        let head = try await bench.run { session in
            var artifacts = ArtifactCollector()
            _ = session.run(Self.text, limits: .ample) { artifacts.take($0) }
            return artifacts.texts["text.txt"]?.split(separator: "\n").last.map(String.init)
        }
        #expect(head == String(WorkerBench.blobText.prefix(16)))
    }

    @Test func `rows come over the wall`() async throws {
        let bench = try WorkerBench(misdeed: "none")
        let request = StageRequest.tableImport(
            TableRequest(choice: .infer, schemas: [], fallbackEncoding: "windows-1252"))
        let (result, rows) = try await bench.run { session in
            var rows = 0
            let outcome = session.run(request, limits: .ample) { reply in
                if case .rows(let batch) = reply { rows += batch.rowCount }
            }
            return (outcome.result, rows)
        }
        #expect(result == .table(TableSummary(totalRows: 1, errorCount: 0, types: [.text, .text])))
        #expect(rows == 1)
    }

    @Test func `a stage that failed in so many words leaves the worker in service`() async throws {
        let (served, bench) = try await served(
            by: "refuses", [(.info(pageLimit: 1), .ample), (Self.text, .ample)])
        #expect(served[0].outcome.code == .pdfCorrupt)
        #expect(served[0].outcome.detail == "open info: bad")
        #expect(served[1].outcome.result == .text(characters: 1))
        #expect(bench.lines.count { $0.event == .workerSaid } == 1)
        #expect(bench.lines.count { $0.event == .workerKilled } == 0)
    }

    @Test func `a failure's message bears no control characters`() async throws {
        let bench = try WorkerBench(misdeed: "refuses")
        guard case .failed(let failure) = try await bench.outcome() else {
            Issue.record("it did not fail")
            return
        }
        #expect(failure.message == "no [2J good")
    }

    @Test func `the stage after a crash has a fresh process`() async throws {
        let (served, bench) = try await served(
            by: "faults", [(Self.text, .ample), (Self.text, .ample)])
        #expect(served.map(\.outcome.code) == [.workerCrashed, .workerCrashed])
        #expect(Set(bench.lines.compactMap { $0.fields[.pid] }).count == 2)
        #expect(bench.remains.isEmpty)
    }

    @Test func `a worker found dead is replaced before it is asked`() async throws {
        let bench = try WorkerBench(misdeed: "crashesLater")
        let results = try await bench.run { session in
            var artifacts = ArtifactCollector()
            let first = session.run(Self.text, limits: .ample) { artifacts.take($0) }
            try awaitEnd(of: try #require(artifacts.honestPid.flatMap { pid_t($0) }))
            return [first.result, session.run(Self.text, limits: .ample) { _ in }.result]
        }
        #expect(results == [.text(characters: 1), .text(characters: 1)])
        #expect(bench.remains.isEmpty)
    }

    @Test func `other limits are given to a fresh process`() async throws {
        let (served, _) = try await served(
            by: "none",
            [
                (Self.text, .ample), (Self.text, .hard(.seconds(50))),
                (Self.text, .hard(.seconds(50))),
            ]
        )
        #expect(served[0].pid != served[1].pid)
        #expect(served[1].pid == served[2].pid)
    }

    @Test func `a caller that cannot take a reply gets its error back`() async throws {
        struct Full: Error {}
        let bench = try WorkerBench(misdeed: "none")
        let outcomes = try await bench.run { session in
            let first = session.run(Self.text, limits: .ample) { _ in throw Full() }
            return [first, session.run(Self.text, limits: .ample) { _ in }]
        }
        guard case .sinkFailed(let error) = outcomes[0] else {
            Issue.record("\(outcomes[0])")
            return
        }
        #expect(error is Full)
        #expect(outcomes[1].result == .text(characters: 1))
        #expect(bench.lines.count { $0.event == .workerKilled } == 0)
        #expect(bench.remains.isEmpty)
    }

    @Test func `a reduced confinement is told once for a slot`() async throws {
        let bench = try WorkerBench(misdeed: "runsLoose")
        for _ in 0..<3 { _ = try await bench.outcome() }
        #expect(bench.lines.count { $0.event == .confinementReduced } == 1)
        #expect(bench.lines.count { $0.event == .workerSaid } == 3)
    }

    @Test func `a program that is not there starts no worker`() async throws {
        let journal = RecordedJournal()
        let launcher = WorkerLauncher(executable: "/nowhere/ingest-worker")
        let slot = try WorkerSlot(number: 7, launcher: launcher, journal: journal.line)
        let blob = try FileDescriptor.open("/dev/null", .readOnly)
        defer { close(blob.rawValue) }
        let outcome = try await slot.run(over: blob) { $0.run(Self.text, limits: .ample) { _ in } }
        guard case .notStarted(let failure) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(failure.code == .internalError)
        #expect(failure.detail == "start the worker program: No such file or directory")
    }
}
