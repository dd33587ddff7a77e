import Foundation
import Rules
import Testing

/// What a status file says while its document is being worked on, version by version.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ProgressFlowTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    /// The versions of a document's status file, from the drop to its end.
    private func versions(
        of name: String, settings: String = "", inbox: String = "", drop: () throws -> Void
    ) async throws -> [StatusFile] {
        let daemon = try await scene.start(inbox: inbox, settings: settings)
        let watch = try StatusWatch(scene, of: name)
        try drop()
        let versions = try await watch.all()
        try await daemon.stop()
        return versions
    }

    /// What holds for every document: nothing goes back, and at the end nothing is open.
    private func expectOrder(_ versions: [StatusFile]) throws {
        let percents = versions.compactMap { $0.number("progress") }
        #expect(percents == percents.sorted(), "\(percents)")
        let last = try #require(versions.last)
        #expect(last.number("progress") == 100)
        #expect(last.isNull("eta_seconds"))
        for version in versions {
            for stage in version.stages where stage["status"] as? String != "processing" {
                #expect(stage["heartbeat_at"] is NSNull)
            }
            if version.state != "running" { #expect(version.isNull("eta_seconds")) }
        }
    }

    /// The signs of life of a stage, in the order in which they were told.
    private func heartbeats(_ stage: String, in versions: [StatusFile]) -> [String] {
        versions.compactMap { $0.stage(stage)["heartbeat_at"] as? String }
    }

    @Test func `a PDF of many pages goes forward only, and tells how long it will be`()
        async throws
    {
        let versions = try await versions(of: "long.pdf") {
            try scene.drop(Data(LongPDF(pages: 3000).bytes), as: "long.pdf")
        }
        try expectOrder(versions)
        #expect(versions.last?.state == "completed")
        let beats = heartbeats("text", in: versions)
        #expect(beats == beats.sorted() && !beats.isEmpty)
        let running = versions.filter { $0.state == "running" }
        #expect(running.allSatisfy { ($0.number("eta_seconds") ?? 1) > 0 })
        #expect(running.contains { $0.number("eta_seconds") != nil })
        let shares = versions.compactMap { version in
            version.stage("text")["status"] as? String == "processing"
                ? version.stage("text")["progress"] as? Int : nil
        }
        #expect(shares == shares.sorted())
        #expect(shares.contains { (1...99).contains($0) })
    }

    @Test func `a page that takes long is told from one that is stuck by its signs of life`()
        async throws
    {
        let versions = try await versions(
            of: "endless.pdf", settings: "stages: {text: {soft: 4s}, thumbnail: {soft: 1s}}"
        ) { try scene.drop("pdf/endless.pdf") }
        try expectOrder(versions)
        let beats = heartbeats("text", in: versions)
        #expect(beats == beats.sorted())
        #expect(Set(beats).count > 1, "it moves, though no page is done")
    }

    @Test func `a long table goes forward only`() async throws {
        var table = "name,email\n"
        for row in 0..<60_000 { table += "Person \(row),person\(row)@example.org\n" }
        let versions = try await versions(of: "long.csv", inbox: "schema: participants") {
            try scene.drop(Data(table.utf8), as: "long.csv")
        }
        try expectOrder(versions)
        #expect(versions.last?.result["processed_count"] as? Int == 60_000)
        let beats = heartbeats("import", in: versions)
        #expect(beats == beats.sorted())
    }
}

/// A PDF with so many pages, each with many words.
struct LongPDF {
    let bytes: [UInt8]

    init(pages: Int) {
        var text = "%PDF-1.4\n"
        var offsets: [Int] = []
        func object(_ number: Int, _ content: String) {
            offsets.append(text.utf8.count)
            text += "\(number) 0 obj\(content)endobj\n"
        }
        let kids = (0..<pages).map { "\(4 + 2 * $0) 0 R" }.joined(separator: " ")
        object(1, "<</Type/Catalog/Pages 2 0 R>>")
        object(2, "<</Type/Pages/Count \(pages)/Kids[\(kids)]>>")
        object(3, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
        for page in 0..<pages {
            let line = "(These are many words, and some of them are those of page \(page)) Tj T* "
            let words =
                "BT /F 2 Tf 2 TL 20 190 Td "
                + String(repeating: line, count: 80) + "ET"
            object(
                4 + 2 * page,
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents \(5 + 2 * page) 0 R"
                    + "/Resources<</Font<</F 3 0 R>>>>>>")
            object(
                5 + 2 * page, "<</Length \(words.utf8.count)>>stream\n\(words)\nendstream")
        }
        let start = text.utf8.count
        text += "xref\n0 \(offsets.count + 1)\n0000000000 65535 f \n"
        for offset in offsets {
            let digits = String(offset)
            text += String(repeating: "0", count: 10 - digits.utf8.count) + digits + " 00000 n \n"
        }
        text += "trailer<</Size \(offsets.count + 1)/Root 1 0 R>>\nstartxref\n\(start)\n%%EOF\n"
        bytes = Array(text.utf8)
    }
}
