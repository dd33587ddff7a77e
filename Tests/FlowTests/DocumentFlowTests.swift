import Foundation
import Rules
import Testing

/// One file's way through the whole house.
@Suite(.serialized, .timeLimit(.minutes(5))) struct DocumentFlowTests {
    private static let statusKeys = [
        "document_id", "file_name", "collection", "owner", "uid", "kind", "size", "sha256",
        "status", "state", "progress", "message", "received_at", "started_at", "completed_at",
        "attempt", "max_attempts", "next_attempt_at", "error", "warnings", "stages", "eta_seconds",
        "admitted_by", "result",
    ]

    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    @Test func `a PDF becomes a status file and a folder of results`() async throws {
        let daemon = try await scene.start()
        try scene.drop("pdf/english.pdf")
        try await daemon.ended(["english.pdf"])
        try await daemon.stop()

        let results = ["info.json", "original.pdf", "text.txt", "thumbnail.jpg"]
        #expect(
            try scene.names() == [
                "english.pdf.results", "english.pdf.status.json", "inbox.status.json",
            ])
        #expect(try scene.names(in: "english.pdf.results") == results)
        try expectStatusOfEnglish(try scene.status("english.pdf"))

        let original = try Data(contentsOf: FlowScene.fixture("pdf/english.pdf"))
        #expect(try scene.bytes("english.pdf.results/original.pdf") == original)
        let text = try scene.text("english.pdf.results/text.txt")
        #expect(text.hasPrefix("The quick brown fox\njumps over the lazy dog."))
        #expect(text.count { $0 == "\u{c}" } == 3)
        let info = try JSONSerialization.jsonObject(
            with: scene.bytes("english.pdf.results/info.json"))
        #expect((info as? [String: Any])?["pages"] as? Int == 3)
        let image = try #require(JPEGSize(try scene.bytes("english.pdf.results/thumbnail.jpg")))
        #expect((1...300).contains(image.width))
        #expect((1...400).contains(image.height))
        #expect(image.width == 300 || image.height == 400)
        try await scene.expectClean()
    }

    private func expectStatusOfEnglish(_ status: StatusFile) throws {
        #expect(status.keys == Self.statusKeys)
        let id = try #require(status["document_id"])
        #expect(UUID(uuidString: id) != nil)
        #expect(status["file_name"] == "english.pdf")
        #expect(status["collection"] == "")
        #expect(status.number("uid") == Int(FlowScene.uid))
        if geteuid() == 0 { #expect(status["owner"] == "\(FlowScene.uid)") }
        #expect(status["kind"] == "pdf")
        #expect(status.number("size") == 2432)
        #expect(
            status["sha256"] == "ad932179efa8f0cba1222649e906667cb1cdb50ef3e2678c71973799370a237c")
        #expect(status["status"] == "completed")
        #expect(status.state == "completed")
        #expect(status.number("progress") == 100)
        #expect(status.number("attempt") == 1)
        #expect(status["admitted_by"] == "lease")
        #expect(status.warnings.isEmpty)
        for key in ["next_attempt_at", "error", "eta_seconds"] { #expect(status.isNull(key)) }
        let moments = try ["received_at", "started_at", "completed_at"].map {
            try #require(status[$0])
        }
        #expect(moments == moments.sorted())
        for moment in moments {
            #expect(moment.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        }
        #expect(status.stageNames == ["store", "info", "text", "thumbnail", "publish"])
        for stage in status.stages {
            #expect(stage["status"] as? String == "completed")
            #expect(stage["progress"] as? Int == 100)
            #expect(stage["attempt"] as? Int == 1)
        }
        #expect(status.result["pages"] as? Int == 3)
        #expect(status.result["text_characters"] as? Int == 73)
        #expect(status.result["thumbnails"] as? Int == 1)
        #expect(status.result["processing_seconds"] is Double)
        let metadata = status.result["metadata"] as? [String: String]
        #expect(metadata?["title"] == "A Fox and a Dog")
        #expect(metadata?["created"] == "2024-01-31T09:30:00+09:00")
        try expectFiles(of: status, below: "english.pdf.results")
    }

    /// The result lists what is there, and all of it, with its sizes.
    private func expectFiles(of status: StatusFile, below folder: String) throws {
        let names = try scene.names(in: folder)
        #expect(status.files.keys.sorted() == names)
        for name in names {
            #expect(try scene.facts("\(folder)/\(name)").st_size == off_t(status.files[name] ?? -1))
        }
    }

    @Test func `a table of a folder below is imported into that collection`() async throws {
        let daemon = try await scene.start()
        let path = "events/gala/participants-cp949.csv"
        try scene.drop("csv/participants-cp949.csv", as: path)
        try await daemon.ended([path])
        try await daemon.stop()

        let status = try scene.status(path)
        #expect(status.keys == Self.statusKeys)
        #expect(status["file_name"] == "participants-cp949.csv")
        #expect(status["collection"] == "events/gala")
        #expect(status["kind"] == "csv")
        #expect(status.state == "completed")
        #expect(status.stageNames == ["store", "import", "publish"])
        let counts = [
            "total_rows": 12, "processed_count": 9, "error_count": 2, "duplicates_skipped": 1,
            "tokens": 9,
        ]
        for (key, count) in counts { #expect(status.result[key] as? Int == count, "\(key)") }
        #expect(status.result["encoding"] as? String == "cp949")
        #expect(status.result["delimiter"] as? String == ",")
        let rejects = try #require(status.result["errors"] as? [[String: Any]])
        #expect(rejects.map { $0["row"] as? Int } == [7, 9])
        #expect(rejects[0]["field"] as? String == "email")
        #expect(rejects[0]["value"] as? String == "sua.kang(골뱅이)example.com")

        let folder = path + ".results"
        #expect(
            try scene.names(in: folder) == [
                "import.json", "original.csv", "rejects.csv", "tokens.csv",
            ])
        try expectFiles(of: status, below: folder)
        let original = try Data(contentsOf: FlowScene.fixture("csv/participants-cp949.csv"))
        #expect(try scene.bytes(folder + "/original.csv") == original)
        let imported = try JSONSerialization.jsonObject(
            with: scene.bytes(folder + "/import.json"))
        #expect((imported as? [String: Any])?["schema"] as? String == "ingestd/import/1")
        #expect((imported as? [String: Any])?["table_schema"] as? String == "participants")
        let rejected = try scene.text(folder + "/rejects.csv")
        #expect(rejected.contains("윤,yoon@example.com,010-2001-0008,재무팀,부장,9,name,"))
        let tokens = try scene.text(folder + "/tokens.csv").split(separator: "\r\n").dropFirst()
        let state = RecordedState(scene)
        let rows: [String] = try state.imported(
            "SELECT email || ',' || token FROM participants WHERE collection = 'events/gala' "
                + "ORDER BY email")
        #expect(rows == tokens.map(String.init))
        try await scene.expectClean()
    }

    @Test(.enabled(if: geteuid() == 0))
    func `what is written belongs to the inbox's owner, whoever wrote the drop`() async throws {
        let daemon = try await scene.start()
        try scene.makeFolder("below")
        let bytes = try Data(contentsOf: FlowScene.fixture("pdf/english.pdf"))
        try scene.put(bytes, at: scene("below/a.pdf"), owner: FlowScene.otherUID)
        try await daemon.ended(["below/a.pdf"])
        try await daemon.stop()
        let paths = try scene.allPaths()
        #expect(paths.count == 8)
        for path in paths {
            let facts = try scene.facts(path)
            #expect(facts.st_uid == FlowScene.uid, "\(path)")
            let isFolder = facts.st_mode & S_IFMT == S_IFDIR
            #expect(facts.st_mode & 0o7777 == (isFolder ? 0o755 : 0o644), "\(path)")
        }
        #expect(try scene.status("below/a.pdf").number("uid") == Int(FlowScene.uid))
    }

    @Test(.enabled(if: geteuid() == 0))
    func `each account is charged for its own, though they share the bytes`() async throws {
        let other = try scene.makeInbox("other", owner: FlowScene.otherUID)
        let daemon = try await scene.start(others: [other])
        let bytes = try Data(contentsOf: FlowScene.fixture("pdf/english.pdf"))
        try scene.put(bytes, at: scene("a.pdf"))
        try scene.put(bytes, at: other + "/b.pdf", owner: FlowScene.otherUID)
        try await daemon.ended(["a.pdf", "b.pdf"])
        try await daemon.stop()
        let state = RecordedState(scene)
        for uid in [FlowScene.uid, FlowScene.otherUID] {
            #expect(try state.charge(of: uid) == (bytes.count, 1))
        }
        // The original, and what each account made of it for itself.
        #expect(try state.documents().count == 2)
        try await scene.expectClean()
    }

    @Test func `a run that takes what is there ends when it is finished`() async throws {
        try scene.drop("pdf/korean.pdf")
        try scene.drop("csv/table-utf16.csv")
        try scene.drop("pdf/corrupt.pdf")
        try await scene.runOnce()
        #expect(try scene.status("korean.pdf").state == "completed")
        #expect(try scene.status("table-utf16.csv").state == "completed")
        #expect(try scene.status("corrupt.pdf").state == "failed")
        try await scene.expectClean()
    }
}

/// The size that a JPEG file says it has.
struct JPEGSize {
    let width: Int
    let height: Int

    /// Walks the segments up to the frame header. Rule: ITU-T T.81, annex B.
    init?(_ file: Data) {
        let bytes = [UInt8](file)
        guard bytes.starts(with: [0xff, 0xd8]), bytes.suffix(2) == [0xff, 0xd9] else { return nil }
        var place = 2
        while place + 9 <= bytes.count, bytes[place] == 0xff {
            let isFrame = [0xc0, 0xc1, 0xc2].contains(bytes[place + 1])
            func number(_ offset: Int) -> Int {
                Int(bytes[place + offset]) << 8 | Int(bytes[place + offset + 1])
            }
            if isFrame {
                (height, width) = (number(5), number(7))
                return
            }
            place += 2 + number(2)
        }
        return nil
    }
}
