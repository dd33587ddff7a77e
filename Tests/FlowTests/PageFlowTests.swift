import Foundation
import Glibc
import Rules
import Testing

/// Pictures of all pages, drawn by several workers.
@Suite(.serialized, .timeLimit(.minutes(5))) struct PageFlowTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    private func pictures(of name: String) throws -> [String] {
        try scene.names(in: name + ".results/pages")
    }

    /// The pages that workers say they drew, each time one left.
    private func drawn(_ daemon: DaemonProcess) -> [Int] {
        daemon.lines(.pagesDrawn).compactMap { $0["count"].flatMap { Int($0) } }
    }

    @Test func `every page gets its picture, and two workers draw`() async throws {
        let daemon = try await scene.start(inbox: "pages: true", settings: "workers: {count: 2}")
        try scene.drop(ManyPages.pdf(200, strokes: 20), as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try await daemon.stop()

        let status = try scene.status("a.pdf")
        #expect(status.state == "completed")
        #expect(
            status.stageNames == ["store", "info", "text", "thumbnail", "pages", "publish"])
        #expect(status.result["thumbnails"] as? Int == 201)
        #expect(status.result["pages"] as? Int == 200)
        #expect(try pictures(of: "a.pdf") == ManyPages.names(200))
        for (name, size) in status.files where name.hasPrefix("pages/") {
            let bytes = try scene.bytes("a.pdf.results/" + name)
            #expect(bytes.count == size)
            let box = try #require(JPEGSize(bytes))
            #expect(box.width == 283 && box.height == 400)
        }
        #expect(status.files.count == 200 + 4)
        // Each differs, so each is its own page's: the cover is the first one's.
        #expect(
            try scene.bytes("a.pdf.results/pages/0001.jpg")
                == scene.bytes("a.pdf.results/thumbnail.jpg"))
        #expect(!daemon.lines(.workerJoined).isEmpty)
        #expect(drawn(daemon).count >= 2)
        #expect(drawn(daemon).reduce(0, +) == 200)
        #expect(daemon.lines(.stageStarted).count { $0["stage"] == "pages" } == 1)
        #expect(try scene.names().allSatisfy { !$0.hasPrefix(".") })
        try await scene.expectClean()
    }

    @Test func `text and cover of a long document are made side by side`() async throws {
        let daemon = try await scene.start(settings: "workers: {count: 2}")
        try scene.drop(ManyPages.pdf(3000, strokes: 2), as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try await daemon.stop()
        let events = daemon.program.lines.map(\.members)
        let cover = try #require(
            events.firstIndex {
                $0["event"] == JournalEvent.stageStarted.rawValue && $0["stage"] == "thumbnail"
            })
        let text = try #require(
            events.firstIndex {
                $0["event"] == JournalEvent.stageCompleted.rawValue && $0["stage"] == "text"
            })
        #expect(cover < text)
        #expect(try scene.status("a.pdf").state == "completed")
        #expect(try scene.text("a.pdf.results/text.txt").split(separator: "\u{c}").count == 3000)
        try await scene.expectClean()
    }

    @Test(
        .enabled(if: geteuid() == 0, "needs a second account"),
        arguments: [(1, "pages"), (2, "pages"), (1, "text")])
    func `a small document is not kept waiting by a large one`(
        workers: Int, stage: String
    ) async throws {
        let other = try scene.makeInbox("other", owner: FlowScene.otherUID)
        // Takes far longer to draw than the small ones take in all, on whatever machine.
        let daemon = try await scene.start(
            inbox: "pages: true",
            settings: "workers: {count: \(workers)}\nstages: {pages: {soft: 10m, hard: 20m}}",
            others: [other])
        try scene.drop(ManyPages.pdf(5000, strokes: 20), as: "large.pdf")
        let large = try await daemon.line(.stageStarted) { $0["stage"] == stage }["document"]
        if workers > 1 { try await daemon.line(.workerJoined) }
        let names = (1...3).map { "\($0).pdf" }
        for (number, name) in names.enumerated() {
            let small = try Data(contentsOf: FlowScene.fixture("pdf/english.pdf"))
            try scene.put(
                small + Data("% \(number)\n".utf8), at: other + "/" + name,
                owner: FlowScene.otherUID)
            try await daemon.ended([name])
            #expect(
                daemon.lines(.stageCompleted).allSatisfy {
                    $0["stage"] != "pages" || $0["document"] != large
                }, "\(name)")
        }
        try await daemon.stop()
        #expect(try scene.status("large.pdf").state == "retrying")
    }

    @Test(.enabled(if: geteuid() == 0, "needs a second account"))
    func `whoever let others pass keeps what was drawn, in one attempt`() async throws {
        let other = try scene.makeInbox("other", owner: FlowScene.otherUID)
        let daemon = try await scene.start(
            inbox: "pages: true", settings: "workers: {count: 1}", others: [other])
        try scene.drop(ManyPages.pdf(700, strokes: 20), as: "large.pdf")
        try await daemon.line(.stageStarted) { $0["stage"] == "pages" }
        let small = try Data(contentsOf: FlowScene.fixture("pdf/english.pdf"))
        try scene.put(small, at: other + "/small.pdf", owner: FlowScene.otherUID)
        try await daemon.ended(["small.pdf", "large.pdf"])
        try await daemon.stop()
        #expect(try scene.status("large.pdf").state == "completed")
        #expect(try pictures(of: "large.pdf") == ManyPages.names(700))
        // Nothing was drawn twice.
        #expect(drawn(daemon).reduce(0, +) == 700 + 3)
        #expect(try scene.status("large.pdf").stage("pages")["attempt"] as? Int == 1)
        try await scene.expectClean()
    }

    @Test func `a page that kills its workers leaves the pictures before it`() async throws {
        let program = try WorkerDeathTests.makeWorker("diesOverPage", in: scene)
        let daemon = try await scene.start(
            inbox: "pages: true", settings: "workers: {count: 2, program: \(program)}")
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try await daemon.stop()
        let status = try scene.status("a.pdf")
        #expect(status.state == "completed_with_warnings")
        #expect(status.stage("pages")["attempt"] as? Int == 2)
        #expect(
            status.warnings == [
                "Pages 40 to 100 have no thumbnails: the program that draws them broke down over "
                    + "one of them (worker_crashed)."
            ])
        #expect(try pictures(of: "a.pdf") == ManyPages.names(39))
        #expect(daemon.lines(.workerKilled).count == 2)
        try await scene.expectClean(leftovers: true)
    }

    @Test func `a daemon that is killed in the midst draws all pages after its next start`()
        async throws
    {
        let before = try await scene.start(inbox: "pages: true", settings: "workers: {count: 2}")
        try scene.drop(ManyPages.pdf(600, strokes: 20), as: "a.pdf")
        try await before.line(.workerJoined)
        try await before.line(.stageStarted) { $0["stage"] == "pages" }
        before.program.send(SIGKILL)
        _ = try await before.program.ended()
        let pages = try #require(try RecordedState(scene).stages("a.pdf")["pages"])
        #expect(pages == ("processing", 1, 0))

        let daemon = try await scene.start(inbox: "pages: true", settings: "workers: {count: 2}")
        try await daemon.ended(["a.pdf"])
        try await daemon.stop()
        #expect(try RecordedState(scene).stages("a.pdf")["pages"]! == ("completed", 1, 1))
        #expect(try pictures(of: "a.pdf") == ManyPages.names(600))
        try await scene.expectClean(leftovers: true)
    }

    @Test func `a stop in the midst spends no attempt`() async throws {
        let before = try await scene.start(inbox: "pages: true", settings: "workers: {count: 2}")
        try scene.drop(ManyPages.pdf(600, strokes: 20), as: "a.pdf")
        try await before.line(.workerJoined)
        try await before.line(.stageStarted) { $0["stage"] == "pages" }
        try await before.stop()
        let pages = try #require(try RecordedState(scene).stages("a.pdf")["pages"])
        #expect(pages == ("retrying", 0, 0))
        #expect(try RecordedState(scene).staged().isEmpty)
        try await scene.runOnce(inbox: "pages: true")
        #expect(try pictures(of: "a.pdf") == ManyPages.names(600))
        #expect(try scene.status("a.pdf").stage("pages")["attempt"] as? Int == 1)
    }

    @Test func `pictures are drawn on request, beside what is there`() async throws {
        let daemon = try await scene.start(settings: "workers: {count: 2}")
        try scene.drop(ManyPages.pdf(50), as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        #expect(!scene.exists("a.pdf.results/pages"))
        try scene.drop(Data("mine".utf8), as: "a.pdf.results/notes.txt")
        for count in 2...3 {
            try scene.drop(Data(), as: "a.pdf.pages")
            try await daemon.line(.documentCompleted, "a.pdf", count: count)
            #expect(try pictures(of: "a.pdf") == ManyPages.names(50))
        }
        try await daemon.stop()
        let status = try scene.status("a.pdf")
        #expect(status.state == "completed")
        #expect(status.stageNames == ["store", "info", "text", "thumbnail", "pages", "publish"])
        #expect(status.result["thumbnails"] as? Int == 51)
        #expect(
            daemon.lines(.stageStarted).compactMap { $0["stage"] }.sorted() == [
                "info", "pages", "pages", "text", "thumbnail",
            ])
        #expect(try scene.text("a.pdf.results/notes.txt") == "mine")
        try await scene.expectClean()
    }

    @Test func `the same content under another name has the pictures without being drawn`()
        async throws
    {
        let daemon = try await scene.start(inbox: "pages: true")
        let pdf = ManyPages.pdf(50)
        for name in ["a.pdf", "b.pdf"] { try scene.drop(pdf, as: name) }
        try await daemon.ended(["a.pdf", "b.pdf"])
        try await daemon.stop()
        #expect(daemon.lines(.stageStarted).count { $0["stage"] == "pages" } == 1)
        for name in ["a.pdf", "b.pdf"] {
            #expect(try pictures(of: name) == ManyPages.names(50))
            #expect(try scene.status(name).result["thumbnails"] as? Int == 51)
        }
        try await scene.expectClean()
    }

    @Test func `pages beyond the bound have no picture, and a page without end an unfinished one`()
        async throws
    {
        let daemon = try await scene.start(
            inbox: "pages: true",
            settings: "stages: {pages: {pages: 10, soft: 2s, hard: 20s}, text: {soft: 1s}}")
        try scene.drop(ManyPages.pdf(30), as: "a.pdf")
        try scene.drop("pdf/endless.pdf", as: "b.pdf")
        try await daemon.ended(["a.pdf", "b.pdf"])
        try await daemon.stop()
        #expect(try pictures(of: "a.pdf") == ManyPages.names(10))
        #expect(
            try scene.status("a.pdf").warnings == [
                "Pages 11 to 30 have no thumbnails: more are not drawn (pdf_too_many_pages)."
            ])
        #expect(try pictures(of: "b.pdf") == ["0001.jpg", "0002.jpg"])
        #expect(
            try scene.status("b.pdf").warnings.contains(
                "The thumbnail of page 2 is unfinished: drawing took too long (timeout)."))
        try await scene.expectClean()
    }

    @Test func `pictures that are larger together than is allowed are kept as far as they fit`()
        async throws
    {
        let daemon = try await scene.start(
            inbox: "pages: true\n    thumbnail: {width: 1000, height: 1000}",
            settings: "workers: {count: 1}\nstages: {pages: {output: 1MiB}}")
        try scene.drop(ManyPages.pdf(40, strokes: 20), as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try await daemon.stop()
        let status = try scene.status("a.pdf")
        #expect(status.state == "completed_with_warnings")
        let kept = try pictures(of: "a.pdf")
        #expect(kept == ManyPages.names(kept.count))
        #expect(kept.count < 40)
        #expect(
            status.warnings == [
                "Pages \(kept.count + 1) to 40 have no thumbnails: more are not kept "
                    + "(output_too_large)."
            ])
        try await scene.expectClean(leftovers: true)
    }
}
