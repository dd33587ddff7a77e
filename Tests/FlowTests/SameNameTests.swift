import Foundation
import Glibc
import Rules
import Testing

/// What becomes of a document when its name is dropped again.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SameNameTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    @Test func `other bytes displace the older document, which keeps its results`() async throws {
        let daemon = try await scene.start()
        for (count, fixture) in ["pdf/english.pdf", "pdf/korean.pdf", "pdf/blank.pdf"].enumerated()
        {
            try scene.drop(fixture, as: "a.pdf")
            try await daemon.line(.documentCompleted, "a.pdf", count: count + 1)
        }
        try await daemon.stop()

        #expect(
            try scene.names() == [
                "a.pdf.results", "a.pdf.status.json", "a.pdf.~1~.results",
                "a.pdf.~1~.status.json", "a.pdf.~2~.results", "a.pdf.~2~.status.json",
                "inbox.status.json",
            ])
        for (suffix, fixture) in [(".~1~", "english"), (".~2~", "korean"), ("", "blank")] {
            let original = try Data(contentsOf: FlowScene.fixture("pdf/\(fixture).pdf"))
            #expect(try scene.bytes("a.pdf\(suffix).results/original.pdf") == original)
            let status = try StatusFile(scene.text("a.pdf\(suffix).status.json"))
            #expect(status.number("size") == original.count)
            #expect(status["file_name"] == "a.pdf")
            #expect(status.state == "completed")
        }
        // Earlier versions are charged too.
        #expect(try RecordedState(scene).charge() == (2432 + 1651 + 702, 3))
        try await scene.expectClean()
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, to lock a folder for good"))
    func `nothing newer is published while an older version keeps the name's results`()
        async throws
    {
        let daemon = try await scene.start()
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        try await chattr("+i")
        try scene.drop("pdf/korean.pdf", as: "a.pdf")
        try await daemon.line(.stageRetrying) { $0["stage"] == "publish" }
        #expect(
            try scene.bytes("a.pdf.results/original.pdf")
                == Data(contentsOf: FlowScene.fixture("pdf/english.pdf")))
        try await chattr("-i")
        try await daemon.line(.documentCompleted, "a.pdf", count: 2)
        try await daemon.stop()
        for (suffix, fixture) in [(".~1~", "english"), ("", "korean")] {
            let original = try Data(contentsOf: FlowScene.fixture("pdf/\(fixture).pdf"))
            #expect(try scene.bytes("a.pdf\(suffix).results/original.pdf") == original)
            #expect(try scene.names(in: "a.pdf\(suffix).results").count == 4)
        }
        try await scene.expectClean()
    }

    private func chattr(_ change: String) async throws {
        let (end, output) = try await RunningProgram.run(
            "/usr/bin/chattr", [change, scene("a.pdf.results")])
        try #require(end == .exited(0), "\(output)")
    }

    @Test func `the same bytes again are no new document, and bring back missing results`()
        async throws
    {
        let daemon = try await scene.start()
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        let id = try scene.status("a.pdf")["document_id"]
        try FileManager.default.removeItem(atPath: scene("a.pdf.results/text.txt"))
        try FileManager.default.removeItem(atPath: scene("a.pdf.status.json"))
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.line(.documentCompleted, "a.pdf", count: 2)
        try await daemon.stop()
        #expect(!scene.exists("a.pdf"))
        #expect(try scene.status("a.pdf")["document_id"] == id)
        #expect(try scene.status("a.pdf").state == "completed")
        #expect(try scene.names(in: "a.pdf.results").count == 4)
        #expect(!scene.exists("a.pdf.~1~.status.json"))
        #expect(try RecordedState(scene).charge() == (2432, 1))
        try await scene.expectClean()
    }

    @Test func `a newer version that is refused leaves the older document its sidecars`()
        async throws
    {
        let daemon = try await scene.start()
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        symlink("nowhere", scene("a.pdf"))
        try await daemon.line(.dropRefused, "a.pdf")
        try await daemon.stop()
        #expect(try scene.status("a.pdf").code == "link_refused")
        #expect(try scene.names(in: "a.pdf.results").count == 4)

        // The drop goes away, and the document speaks for its name again.
        let again = try await scene.start()
        try await again.line(.dropRefused, "a.pdf")
        try FileManager.default.removeItem(atPath: scene("a.pdf"))
        try await again.line(.dropVanished, "a.pdf")
        try await again.stop()
        #expect(try scene.status("a.pdf").state == "completed")
    }

    @Test func `two tables of one collection share its keys, two collections do not`() async throws
    {
        for name in ["gala/a.csv", "gala/b.csv", "fair/a.csv"] {
            try scene.drop("csv/participants-cp949.csv", as: name)
        }
        try await scene.runOnce()
        let results = try ["gala/a.csv", "gala/b.csv", "fair/a.csv"].map {
            try scene.status($0).result
        }
        let processed = results.map { $0["processed_count"] as? Int }
        #expect(processed[2] == 9)
        #expect(Set(processed[..<2]) == [0, 9])
        let rows: [Int] = try RecordedState(scene).imported("SELECT count(*) FROM participants")
        #expect(rows == [18])
    }
}
