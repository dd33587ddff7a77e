import Foundation
import Rules
import TestSupport
import Testing

/// Pictures of tokens, read by another program than the one that drew them.
@Suite(.serialized, .timeLimit(.minutes(5))) struct CodeFlowTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    private func drop(rows: Int, from first: Int = 1, as name: String = "a.csv") throws {
        // In another order than that of their keys.
        let people = (first..<(first + rows)).reversed().map { "홍길동,guest\($0)@example.kr" }
        try scene.drop(
            Data(("name,email\n" + people.joined(separator: "\n") + "\n").utf8), as: name)
    }

    /// The lines of a list of tokens, cut into fields.
    private func list(_ name: String = "a.csv") throws -> [[String]] {
        try scene.text(name + ".results/tokens.csv").split(separator: "\r\n").map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
    }

    /// What is read in each picture of a drop, by its name in the results.
    private func scanned(_ name: String = "a.csv") async throws -> [String: String] {
        let names = try scene.names(in: name + ".results/qr")
        var texts: [String: String] = [:]
        for picture in names {
            let code = try ScannedCode(in: scene(name + ".results/qr/" + picture))
            #expect(code.isFound, "\(picture)")
            texts["qr/" + picture] = code.text
        }
        return texts
    }

    @Test func `each token has its picture, and each picture a genuine token`() async throws {
        try drop(rows: 70)
        try await scene.runOnce(inbox: "qr: png")
        let status = try scene.status("a.csv")
        #expect(status.state == "completed", "\(status.text)")
        #expect(status.stageNames == ["store", "import", "qr", "publish"])
        #expect(status.result["qr_codes"] as? Int == 70)
        let lines = try list()
        #expect(lines.first == ["\u{feff}email", "token", "qr"])
        let pictures = try await scanned()
        #expect(pictures.count == 70)
        for line in lines.dropFirst() { #expect(pictures[line[2]] == line[1], "\(line)") }
        // The name is the row's in the file: the header is 1, and guest70 stands behind it.
        #expect(lines.first { $0[0] == "guest70@example.kr" }?.last == "qr/000002.png")
        for (name, size) in status.files where name.hasPrefix("qr/") {
            #expect(try scene.bytes("a.csv.results/" + name).count == size)
        }
        #expect(status.files.count == 70 + 3)
        // What they take is charged to the account as all that is made of its files.
        #expect(
            try RecordedState(scene).derived("results")
                == status.files.filter {
                    $0.key != "original.csv"
                }.values.reduce(0, +))
        let tokens = Array(pictures.values)
        let (end, output) = try await RunningProgram.run(
            "ingestd", ["token", "verify", "--state", scene.state] + tokens)
        #expect(end == .exited(0), "\(output)")
        #expect(output.split(separator: "\n").count { $0.contains("genuine") } == 70)
        try await scene.expectClean()
    }

    @Test func `the first rows have one where there are more than are drawn`() async throws {
        try drop(rows: 5)
        try await scene.runOnce(inbox: "qr: png\n    qr_limit: 3")
        let status = try scene.status("a.csv")
        #expect(status.state == "completed_with_warnings")
        #expect(
            status.warnings == [
                "Only the first 3 rows with a token have a QR code. Ask the operator for a higher "
                    + "`qr_limit`, or split the file."
            ])
        #expect(
            try scene.names(in: "a.csv.results/qr") == ["000002.png", "000003.png", "000004.png"])
        #expect(
            try list().dropFirst().map { $0[2] } == [
                "", "", "qr/000004.png", "qr/000003.png", "qr/000002.png",
            ])
        try await scene.expectClean()
    }

    @Test func `exactly as many as are drawn are no reason for a warning`() async throws {
        try drop(rows: 3)
        try await scene.runOnce(inbox: "qr: png\n    qr_limit: 3")
        #expect(try scene.status("a.csv").state == "completed")
    }

    @Test func `tables without tokens have none, nor do inboxes that ask for none`() async throws {
        try scene.drop(Data("a,b\n1,2\n".utf8), as: "t.csv")
        try await scene.runOnce(inbox: "qr: png")
        #expect(try scene.status("t.csv").result["qr_codes"] as? Int == 0)
        #expect(!scene.exists("t.csv.results/qr"))
        for setting in ["", "qr: none\n    qr_limit: 7"] {
            // Others: rows that are there already get no token of their own.
            try drop(
                rows: 2, from: setting.isEmpty ? 1 : 3, as: setting.isEmpty ? "a.csv" : "b.csv")
            try await scene.runOnce(inbox: setting)
        }
        for name in ["a.csv", "b.csv"] {
            #expect(try scene.status(name).stageNames == ["store", "import", "publish"])
            #expect(try list(name).first == ["\u{feff}email", "token"])
        }
        try await scene.expectClean()
    }

    @Test func `a refresh draws what the inbox wants by now, of the same tokens`() async throws {
        try drop(rows: 4)
        try await scene.runOnce()
        let tokens = try list().dropFirst().map { $0[1] }
        try scene.drop(Data(), as: "a.csv.refresh")
        try await scene.runOnce(inbox: "qr: png")
        #expect(try list().dropFirst().map { $0[1] } == tokens)
        #expect(Set(try await scanned().values) == Set(tokens))
        #expect(try list().first?.last == "qr")
        // Once more, for all of it.
        try scene.drop(Data(), as: "a.csv.refresh")
        try await scene.runOnce(inbox: "qr: png")
        #expect(Set(try await scanned().values) == Set(tokens))
        // And without them.
        try scene.drop(Data(), as: "a.csv.refresh")
        try await scene.runOnce(inbox: "qr: none")
        #expect(!scene.exists("a.csv.results/qr/000002.png"))
        #expect(try list().dropFirst().map { $0.dropFirst() } == tokens.map { [$0] })
        #expect(try scene.status("a.csv").stageNames == ["store", "import", "publish"])
        #expect(try scene.status("a.csv").result["qr_codes"] == nil)
        // What the former runs made is nobody's any more.
        try await scene.expectClean(leftovers: true)
    }

    @Test func `they go with their document, and come back with it`() async throws {
        try drop(rows: 40)
        let daemon = try await scene.start(inbox: "qr: png\n    on_delete: remove")
        try await daemon.ended(["a.csv"])
        let names = try scene.names(in: "a.csv.results/qr")
        try scene.drop(Data(), as: "a.csv.delete")
        try await daemon.line(.documentDeleted, "a.csv")
        // The request goes last; nothing is said of that.
        while scene.exists("a.csv.delete") { await Task.yield() }
        #expect(!scene.exists("a.csv.results"))
        try scene.drop(Data(), as: "a.csv.restore")
        try await daemon.line(.documentCompleted, "a.csv", count: 2)
        try await daemon.stop()
        // The rows were imported anew: their tokens are others, and so are the pictures.
        #expect(try scene.names(in: "a.csv.results/qr") == names)
        let pictures = try await scanned()
        for line in try list().dropFirst() { #expect(pictures[line[2]] == line[1]) }
        try await scene.expectClean(leftovers: true)
    }

    @Test func `what the list names is drawn, though another table has taken rows over`()
        async throws
    {
        let schema =
            "schemas: {guests: {key: email, tokens: true, duplicates: update, "
            + "columns: {name: {}, email: {required: true}}}}"
        let inbox = "qr: png\n    schema: guests"
        try drop(rows: 600)
        try await scene.runOnce(
            inbox: inbox, settings: schema + "\nlimits: {default: {derived: 350kB}}")
        #expect(try scene.status("a.csv").state == "completed_with_warnings")
        try drop(rows: 300, as: "b.csv")
        try await scene.runOnce(inbox: inbox, settings: schema)
        try scene.drop(Data(), as: "a.csv.retry")
        try await scene.runOnce(inbox: inbox, settings: schema)
        #expect(try scene.status("a.csv").state == "completed")
        for (name, count) in [("a.csv", 600), ("b.csv", 300)] {
            let pictures = try await scanned(name)
            #expect(pictures.count == count)
            for line in try list(name).dropFirst() { #expect(pictures[line[2]] == line[1]) }
        }
    }

    @Test func `without room for them the rows are there, and a warning tells of it`()
        async throws
    {
        try drop(rows: 600)
        let settings = "limits: {default: {derived: 350kB}}"
        try await scene.runOnce(inbox: "qr: png", settings: settings)
        var status = try scene.status("a.csv")
        #expect(status.state == "completed_with_warnings", "\(status.text)")
        #expect(status.result["processed_count"] as? Int == 600)
        let error = status.stage("qr")["error"] as? [String: Any]
        #expect(error?["code"] as? String == "output_too_large")
        #expect(!scene.exists("a.csv.results/qr"))
        try scene.drop(Data(), as: "a.csv.retry")
        try await scene.runOnce(inbox: "qr: png", settings: "limits: {default: {derived: 2MB}}")
        status = try scene.status("a.csv")
        #expect(status.state == "completed")
        #expect(try scene.names(in: "a.csv.results/qr").count == 600)
        try await scene.expectClean(leftovers: true)
    }
}
