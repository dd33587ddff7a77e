import Glibc
import Rules
import Testing
import WorkerProtocol

@Suite struct WorkerTests {
    let info = StageRequest.info(pageLimit: 20_000)
    let text = StageRequest.text(pageLimit: 20_000, byteLimit: 64 << 20)
    let thumbnail = StageRequest.thumbnail(ThumbnailSettings())

    @Test func `one worker serves all stages of a document and ends when nobody asks`() throws {
        let worker = try WorkerConversation(file: fixture("english.pdf"))
        guard case .finished(.info(let summary)) = try worker.ask(info).last else {
            Issue.record("no info")
            return
        }
        #expect(summary.pages == 3)
        #expect(try worker.ask(text).last == .finished(.text(characters: 73)))
        #expect(try worker.ask(thumbnail).last == .finished(.thumbnail(count: 1)))
        #expect(try worker.finish() == .exited(0))
        #expect(worker.logText() == "")
    }

    @Test func `a worker turns to the next document and forgets the one before`() throws {
        let worker = try WorkerConversation(file: fixture("english.pdf"))
        #expect(try worker.ask(text).last == .finished(.text(characters: 73)))
        try worker.turn(to: fixture("korean.pdf"))
        let pages = try artifact(of: worker.ask(text))
        #expect(String(decoding: pages, as: UTF8.self).hasPrefix("안녕하세요."))
        try worker.turn(to: fixture("corrupt.pdf"))
        guard case .failed(let failure) = try worker.ask(info).last else {
            Issue.record("a corrupt document passed")
            return
        }
        #expect(failure.code == .pdfCorrupt)
        #expect(try worker.finish() == .exited(0))
    }

    @Test func `a worker that has grown leaves before it looks at another document`() throws {
        let worker = try WorkerConversation(file: fixture("english.pdf"))
        #expect(try worker.ask(thumbnail).last == .finished(.thumbnail(count: 1)))
        try worker.turn(to: fixture("english.pdf"))
        // As many pixels as are allowed: some 35 MB.
        let large = ThumbnailSettings(page: 1, width: 4096, height: 4096, quality: 1)
        #expect(try worker.ask(.thumbnail(large)).last == .finished(.thumbnail(count: 1)))
        try worker.turn(to: fixture("english.pdf"))
        #expect(try worker.ask(text).isEmpty)
        #expect(try worker.finish() == .exited(75))
    }

    @Test func `a document without its descriptor ends the worker`() throws {
        let worker = try WorkerConversation(file: fixture("english.pdf"))
        worker.send(DocumentTurn.encoded())
        #expect(try worker.finish() == .exited(64))
    }

    /// Built-in fonts and character maps are loaded late, when no file can be opened any more.
    @Test func `a font that is not embedded is found behind the wall`() throws {
        let worker = try WorkerConversation(file: fixture("korean.pdf"))
        let pages = try artifact(of: worker.ask(text))
        #expect(String(decoding: pages, as: UTF8.self).hasPrefix("안녕하세요."))
        let drawn = try artifact(of: worker.ask(thumbnail))
        #expect(try worker.finish() == .exited(0))

        let blank = try WorkerConversation(file: fixture("blank.pdf"))
        #expect(try artifact(of: blank.ask(thumbnail)).count < drawn.count)
    }

    @Test func `a file that fails one stage fails the next one alike`() throws {
        let worker = try WorkerConversation(file: fixture("corrupt.pdf"))
        for request in [info, text, thumbnail] {
            guard case .failed(let failure) = try worker.ask(request).last else {
                Issue.record("\(request.stage) did not fail")
                continue
            }
            #expect(failure.code == .pdfCorrupt)
        }
        #expect(try worker.finish() == .exited(0))
    }

    @Test(
        arguments: [
            [0, 0, 0, 0, 1],
            // A reply's kind.
            [1, 0, 0, 0, 16],
            // A request for a stage that does not exist.
            [2, 0, 0, 0, 1, 99],
            [0xff, 0xff, 0xff, 0xff, 1],
        ] as [[UInt8]])
    func `a frame that is no request ends the worker`(frame: [UInt8]) throws {
        let worker = try WorkerConversation(file: fixture("english.pdf"))
        worker.send(frame)
        #expect(try worker.end() == .exited(64))
        #expect(worker.logText().hasPrefix("read request: "))
    }

    @Test func `a frame that is cut short ends the worker`() throws {
        let worker = try WorkerConversation(file: fixture("english.pdf"))
        worker.send(Array(info.encoded().dropLast()))
        worker.endRequests()
        #expect(try worker.end() == .exited(64))
    }

    @Test(arguments: [
        ["--uid", "65534"], ["--gid", "65534"], ["--uid"], ["--uid", "-1", "--gid", "1"],
        ["--uid", "4294967295", "--gid", "1"], ["--path", "/etc"], ["--memory", "1"],
    ])
    func `arguments that mean nothing are refused`(arguments: [String]) throws {
        let program = try SpawnedProgram("ingest-worker", arguments: arguments)
        #expect(program.end() == .exited(64))
        #expect(program.logText().hasPrefix("arguments refused: "))
    }

    @Test(.enabled(if: geteuid() == 0), arguments: [[], ["--uid", "0", "--gid", "0"]])
    func `a worker never runs as root`(arguments: [String]) throws {
        let program = try SpawnedProgram("ingest-worker", arguments: arguments)
        #expect(program.end() == .exited(71))
    }

    @Test(.enabled(if: geteuid() == 0))
    func `a working worker has nothing left to lose`() throws {
        let worker = try WorkerConversation(file: fixture("english.pdf"))
        _ = try worker.ask(info)
        let status = try SpawnedProgram.processFile("status", of: worker.processID)
            .split(separator: "\n").map(String.init)
        let fields = [
            "Uid:\t65534\t65534\t65534\t65534", "Gid:\t65534\t65534\t65534\t65534",
            "NoNewPrivs:\t1", "Seccomp:\t2", "Threads:\t1", "CapEff:\t0000000000000000",
            "CapPrm:\t0000000000000000", "CapInh:\t0000000000000000", "CapAmb:\t0000000000000000",
        ]
        for field in fields { #expect(status.contains(field)) }
        let groups = status.first { $0.hasPrefix("Groups:") }
        #expect(groups?.dropFirst("Groups:".count).allSatisfy { $0 == "\t" || $0 == " " } == true)

        let limits = try SpawnedProgram.processFile("limits", of: worker.processID)
        for limit in ["Max open files            4 ", "Max file size             0 "] {
            #expect(limits.contains(limit))
        }
        #expect(try worker.finish() == .exited(0))
    }

    @Test func `memory that a document asks for is refused and reported, not fatal`() throws {
        let worker = try WorkerConversation(
            file: fixture("english.pdf"), memory: ByteCount(100_000))
        guard case .failed(let failure) = try worker.ask(info).last else {
            Issue.record("the stage did not fail")
            return
        }
        #expect(failure.code == .memoryExceeded)
        #expect(try worker.finish() == .exited(0))
    }

    private func artifact(of replies: [StageReply]) -> [UInt8] {
        replies.flatMap { reply -> [UInt8] in
            guard case .artifactBytes(let bytes) = reply else { return [] }
            return bytes
        }
    }
}
