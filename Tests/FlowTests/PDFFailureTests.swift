import Foundation
import Testing

/// What becomes of PDFs that are not in order.
@Suite(.serialized, .timeLimit(.minutes(5))) struct PDFFailureTests {
    @Test func `each PDF that cannot be read fails with its code and keeps its original`()
        async throws
    {
        let codes = [
            "corrupt.pdf": "pdf_corrupt", "header-only.pdf": "pdf_corrupt",
            "locked.pdf": "pdf_encrypted", "no-pages.pdf": "pdf_no_pages",
            "count-absurd.pdf": "pdf_too_many_pages",
        ]
        let scene = try FlowScene()
        let daemon = try await scene.start()
        for name in codes.keys { try scene.drop("pdf/\(name)") }
        try await daemon.ended(Array(codes.keys))
        try await daemon.stop()
        for (name, code) in codes {
            let status = try scene.status(name)
            #expect(status.code == code, "\(name)")
            #expect(status["status"] == "failed", "\(name)")
            #expect(status.state == "failed", "\(name)")
            #expect(status["message"]?.isEmpty == false, "\(name)")
            #expect(status.stage("info")["status"] as? String == "failed", "\(name)")
            #expect(status.stage("text")["status"] as? String == "skipped", "\(name)")
            #expect(try scene.names(in: name + ".results") == ["original.pdf"])
            let original = try Data(contentsOf: FlowScene.fixture("pdf/\(name)"))
            #expect(try scene.bytes(name + ".results/original.pdf") == original)
        }
        try await scene.expectClean()
    }

    @Test func `PDFs that can be read in part complete, with a warning that says so`()
        async throws
    {
        let scene = try FlowScene()
        let daemon = try await scene.start(
            settings: "stages: {text: {soft: 1s, hard: 20s}, thumbnail: {soft: 1s, hard: 20s}}")
        let names = ["broken-page.pdf", "count-high.pdf", "endless.pdf"]
        for name in names { try scene.drop("pdf/\(name)") }
        try await daemon.ended(names)
        try await daemon.stop()
        for name in names {
            let status = try scene.status(name)
            #expect(status["status"] == "completed", "\(name)")
            #expect(status.state == "completed_with_warnings", "\(name)")
            #expect(!status.warnings.isEmpty, "\(name)")
            #expect(status.isNull("error"), "\(name)")
        }
    }

    @Test func `an owner's password alone is no lock`() async throws {
        let scene = try FlowScene()
        try scene.drop("pdf/owner-locked.pdf")
        try await scene.runOnce()
        #expect(try scene.status("owner-locked.pdf").state == "completed")
        let text = try scene.text("owner-locked.pdf.results/text.txt")
        #expect(text.contains("Behind a lock."))
    }
}
