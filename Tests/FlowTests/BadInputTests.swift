import Foundation
import Glibc
import Rules
import Testing

/// What is no good: each ends in its code or waits, and a good file is taken all the same.
@Suite(.serialized, .timeLimit(.minutes(5))) struct BadInputTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    /// Something in an inbox that is refused, and how it is made.
    enum Bad: String, CaseIterable, Sendable {
        case link, danglingLink, fifo, socket, html, pretender, workbook, image, unknown, oneByte

        var name: String {
            switch self {
            case .link, .danglingLink: "link.pdf"
            case .fifo: "fifo.csv"
            case .socket: "socket.pdf"
            case .html: "page.pdf"
            case .pretender: "report.csv"
            case .workbook: "book.csv"
            case .image: "picture.csv"
            case .unknown: "notes.docx"
            case .oneByte: "tiny.pdf"
            }
        }

        var code: String {
            switch self {
            case .link, .danglingLink: "link_refused"
            case .fifo, .socket: "not_a_file"
            case .html, .pretender, .workbook, .image, .oneByte: "type_mismatch"
            case .unknown: "unsupported_type"
            }
        }

        func make(in scene: FlowScene) throws {
            let path = scene(name)
            switch self {
            case .link: symlink("/etc/passwd", path)
            case .danglingLink: symlink("nowhere", path)
            case .fifo: mkfifo(path, 0o644)
            case .socket: try Self.bindSocket(at: path)
            case .html: try scene.drop("pdf/html.pdf", as: name)
            case .pretender: try scene.drop("pdf/english.pdf", as: name)
            case .workbook: try scene.drop(Data("PK\u{3}\u{4} of sorts".utf8), as: name)
            case .image: try scene.drop(Data([0x89] + Array("PNG\r\n\u{1a}\n".utf8)), as: name)
            case .unknown: try scene.drop(Data("text".utf8), as: name)
            case .oneByte: try scene.drop(Data("%".utf8), as: name)
            }
        }

        private static func bindSocket(at path: String) throws {
            let listener = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(listener) }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let length = socklen_t(MemoryLayout<sockaddr_un>.size)
            let code = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, length) }
            }
            guard code == 0 else { throw POSIXError(.EIO) }
        }
    }

    @Test(arguments: Bad.allCases)
    func `what cannot be taken stays, and its status file says why`(bad: Bad) async throws {
        try bad.make(in: scene)
        let former = try scene.facts(bad.name)
        try await scene.runOnce()
        let status = try scene.status(bad.name)
        #expect(status.code == bad.code)
        #expect(status["status"] == "failed")
        #expect(status.state == "refused")
        #expect(status.isNull("document_id"))
        #expect(status["message"]?.isEmpty == false)
        let now = try scene.facts(bad.name)
        #expect(now.st_ino == former.st_ino)
        #expect(now.st_mtim.tv_nsec == former.st_mtim.tv_nsec)
        try await expectGoodFileTaken()
    }

    @Test(.enabled(if: geteuid() == 0))
    func `what its owner may not read, or not remove, is not taken for them`() async throws {
        try scene.drop("pdf/english.pdf", as: "closed.pdf")
        chmod(scene("closed.pdf"), 0)
        try scene.drop("pdf/english.pdf", as: "secret.pdf")
        chown(scene("secret.pdf"), 0, 0)
        chmod(scene("secret.pdf"), 0o600)
        try scene.drop("pdf/english.pdf", as: "fixed/stays.pdf")
        chown(scene("fixed"), 0, 0)
        try await scene.runOnce()
        #expect(try scene.status("closed.pdf").code == "not_readable")
        #expect(try scene.status("secret.pdf").code == "not_readable")
        // In this folder its owner may not write the status file either; the inbox's own has it.
        #expect(try scene.names(in: "fixed") == ["stays.pdf"])
        let summary = try scene.text("inbox.status.json")
        #expect(summary.contains(#""path":"fixed/stays.pdf", "state":"refused""#))
        #expect(RecordedState(scene).isEmpty)
        try await expectGoodFileTaken()
    }

    @Test func `an empty file is waited for, and taken once it has content`() async throws {
        let daemon = try await scene.start()
        try scene.drop(Data(), as: "late.pdf")
        try await daemon.line(.dropNoticed, "late.pdf")
        try await daemon.stop()
        #expect(try scene.status("late.pdf").state == "waiting")
        #expect(try scene.status("late.pdf").isNull("error"))
        let again = try await scene.start()
        try scene.drop("pdf/english.pdf", as: "late.pdf")
        try await again.ended(["late.pdf"])
        try await again.stop()
        #expect(try scene.status("late.pdf").state == "completed")
        try scene.drop(Data(), as: "never.csv")
        try await scene.runOnce()
        #expect(try scene.status("never.csv").code == "empty_file")
    }

    @Test func `a folder named like a drop is a folder`() async throws {
        try scene.drop("csv/table-utf16.csv", as: "x.pdf/inner.csv")
        try await scene.runOnce()
        #expect(try scene.status("x.pdf/inner.csv").state == "completed")
        #expect(try scene.status("x.pdf/inner.csv")["collection"] == "x.pdf")
        #expect(!scene.exists("x.pdf.status.json"))
    }

    @Test func `a name that is not UTF-8 is served like any other`() async throws {
        // 보고서.pdf as an old Korean program writes it.
        let name: [UInt8] = [0xba, 0xb8, 0xb0, 0xed, 0xbc, 0xad] + Array(".pdf".utf8)
        let bytes = try Data(contentsOf: FlowScene.fixture("pdf/english.pdf"))
        try scene.drop(bytes, asBytes: name)
        try await scene.runOnce()
        let text = try scene.text(ofBytes: name + Array(".status.json".utf8))
        let status = try StatusFile(text)
        #expect(status.state == "completed")
        #expect(status["file_name_base64"] == Data(name).base64EncodedString())
        #expect(status["file_name"]?.hasSuffix(".pdf") == true)
        #expect(!status.files.isEmpty)
        try await scene.expectClean()
    }

    @Test func `a name of 255 bytes has sidecars under a shorter one`() async throws {
        let name = String(repeating: "n", count: 251) + ".pdf"
        try scene.drop("pdf/english.pdf", as: name)
        try await scene.runOnce()
        let names = try scene.names().filter { $0 != "inbox.status.json" }
        #expect(names.count == 2)
        let sidecar = try #require(names.first { $0.hasSuffix(".status.json") })
        let status = try StatusFile(scene.text(sidecar))
        #expect(status["file_name"] == name)
        #expect(status.state == "completed")
        let results = sidecar.replacing(".status.json", with: ".results")
        #expect(try scene.names(in: results).count == 4)
    }

    @Test(arguments: [
        ("name,phone\nA B,1\n", "csv_missing_columns"), ("name,email\n", "csv_no_rows"),
        ("name,email\r\n\r\n", "csv_no_rows"),
    ])
    func `a table that its inbox's schema cannot take fails with its code`(
        text: String, code: String
    ) async throws {
        try scene.drop(Data(text.utf8), as: "t.csv")
        try await scene.runOnce(inbox: "schema: participants")
        let status = try scene.status("t.csv")
        #expect(status.code == code)
        #expect(status.state == "failed")
        #expect(try scene.names(in: "t.csv.results") == ["original.csv"])
        try await expectGoodFileTaken()
    }

    @Test func `a file that is too large is refused, at one byte past the limit`() async throws {
        try scene.drop("pdf/english.pdf", as: "fits.pdf")
        try scene.drop("pdf/english.pdf", as: "large.pdf")
        let file = try FileHandle(forWritingTo: URL(filePath: scene("large.pdf")))
        try file.seekToEnd()
        try file.write(contentsOf: Data("\n".utf8))
        try file.close()
        try await scene.runOnce(inbox: "pdf_size_limit: 2432")
        #expect(try scene.status("fits.pdf").state == "completed")
        #expect(try scene.status("large.pdf").code == "too_large")
        #expect(scene.exists("large.pdf"))
    }

    @Test func `sidecars, hidden and unfinished files are never drops`() async throws {
        let names = [
            ".hidden.pdf", "~$draft.pdf", "#auto.pdf", "a.pdf.part", "a.csv~", "Thumbs.db",
            "old.pdf.results/original.pdf", "a.pdf.status.json", ".git/a.pdf", "@eaDir/b.pdf",
        ]
        for name in names { try scene.drop("pdf/english.pdf", as: name) }
        try await scene.runOnce()
        let folders = [".git", "@eaDir", "old.pdf.results", "inbox.status.json"]
        #expect(try scene.allPaths() == (names + folders).sorted())
    }

    @Test func `all at once stop neither the daemon nor a good file`() async throws {
        let daemon = try await scene.start()
        for bad in Bad.allCases where bad != .danglingLink { try bad.make(in: scene) }
        try scene.makeFolder("folder.csv")
        try await daemon.line(.dropRefused, Bad.link.name)
        try await daemon.line(.dropRefused, Bad.fifo.name)
        try scene.drop("pdf/korean.pdf")
        try await daemon.ended(["korean.pdf"])
        try await daemon.stop()
        #expect(try scene.status("korean.pdf").state == "completed")
        try await scene.expectClean()
    }

    private func expectGoodFileTaken() async throws {
        try scene.drop("pdf/korean.pdf", as: "good.pdf")
        try await scene.runOnce()
        #expect(try scene.status("good.pdf").state == "completed")
    }
}
