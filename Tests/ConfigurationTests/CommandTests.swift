import Foundation
import Testing

@testable import ingestd

/// What the built command printed, and how it ended.
struct CommandOutcome {
    let status: Int32
    let output: String
    let complaint: String

    /// Runs `ingestd` as it was built beside these tests.
    init(_ arguments: [String], in folder: String) throws {
        let tests = URL(filePath: AbsolutePath.resolved("/proc/self/exe"))
        let process = Process()
        process.executableURL = tests.deletingLastPathComponent().appending(path: "ingestd")
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: folder)
        process.environment = ["HOME": folder]
        let output = Pipe()
        let complaint = Pipe()
        process.standardOutput = output
        process.standardError = complaint
        try process.run()
        // Outputs here are far below what a pipe holds, so they can be read one after the other.
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        let complained = try complaint.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        status = process.terminationStatus
        self.output = String(decoding: said, as: UTF8.self)
        self.complaint = String(decoding: complained, as: UTF8.self)
    }
}

/// A status file as the daemon writes it, one key a line.
private func sidecar(_ fileName: String, status: String, state: String, more: String = "") -> String
{
    """
    {"schema":"ingestd/status/1",
      "document_id": null, "file_name": "\(fileName)", "collection": "", "owner": "alice",
      "uid": 1001, "kind": "pdf", "size": 482133, "status": "\(status)", "state": "\(state)",
      "progress": 45, "message": "Extracting text: page 18 of 40"\(more)
    }

    """
}

private let failedDetails = """
    ,
      "attempt": 2, "max_attempts": 2, "warnings": ["The cover is missing."],
      "error": {"code": "pdf_corrupt", "message": "The PDF is damaged.", "stage": "info",
                "retryable": false, "detail": "open document: no objects found"},
      "stages": [{"name": "info", "status": "failed", "progress": 0, "attempt": 2, "seconds": 0.354,
        "error": {"code": "pdf_corrupt", "message": "The PDF is damaged.", "stage": "info"}}]
    """

@Suite struct LsTests {
    @Test func `documents are listed by name with what became of them`() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            sidecar("한국어.pdf", status: "processing", state: "running"), to: "한국어.pdf.status.json")
        try folder.write(
            sidecar("a.pdf", status: "failed", state: "refused", more: failedDetails),
            to: "a.pdf.status.json")
        try folder.write("{}", to: "mine.status.json")
        try folder.write("", to: "b.pdf")
        let outcome = try CommandOutcome(["ls"], in: folder.path)
        #expect(outcome.status == 0)
        #expect(
            outcome.output == """
                NAME        STATUS                PROGRESS  MESSAGE
                a.pdf       failed (refused)      45%       pdf_corrupt: The PDF is damaged.
                한국어.pdf  processing (running)  45%       Extracting text: page 18 of 40

                """)
    }

    @Test func `folders below are listed when asked, links and results never`() throws {
        let folder = try TemporaryFolder()
        for place in ["in/", "in/events/gala/", "in/a.pdf.results/", "in/.hidden/", "else/"] {
            try folder.write(
                sidecar("x.pdf", status: "completed", state: "completed"),
                to: place + "x.pdf.status.json")
        }
        let inbox = "\(folder.path)/in"
        try FileManager.default.createSymbolicLink(
            atPath: "\(inbox)/link", withDestinationPath: "\(folder.path)/else")
        try FileManager.default.createSymbolicLink(
            atPath: "\(inbox)/y.pdf.status.json",
            withDestinationPath: "\(folder.path)/else/x.pdf.status.json")
        func names(_ arguments: [String]) throws -> [Substring] {
            let lines = try CommandOutcome(arguments, in: folder.path).output.split(separator: "\n")
            return lines.dropFirst().map { $0.prefix { $0 != " " } }
        }
        #expect(try names(["ls", inbox]) == ["x.pdf"])
        #expect(try names(["ls", "-r", inbox]) == ["x.pdf", "events/gala/x.pdf"])
    }

    @Test func `JSON holds the status files as they are`() throws {
        let folder = try TemporaryFolder()
        for name in ["a", "b"] {
            try folder.write(
                sidecar(name, status: "completed", state: "completed", more: ", \"new_key\": [1]"),
                to: "sub/\(name).status.json")
        }
        let outcome = try CommandOutcome(["ls", "-r", "--json"], in: folder.path)
        let list = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        let documents = try #require(list as? [[String: Any]])
        #expect(documents.map { $0["path"] as? String } == ["sub/a", "sub/b"])
        let status = try #require(documents[0]["status"] as? [String: Any])
        #expect(status["new_key"] as? [Int] == [1])
        let empty = try folder.makeFolder("empty")
        try folder.write(
            "{\"schema\":\"ingestd/status/inbox/1\",\n  \"owner\":\"alice\"\n}\n",
            to: "empty/inbox.status.json")
        #expect(try CommandOutcome(["ls", "--json", empty], in: folder.path).output == "[]\n")
    }

    @Test(arguments: [["ls"], ["ls", "--json"], ["show", "x"], ["show", "x", "--json"]])
    func `no byte of a file can command the terminal`(arguments: [String]) throws {
        let folder = try TemporaryFolder()
        let status = sidecar(#"x\u001b[31m"#, status: "failed", state: "failed")
            .replacing("page 18", with: "\u{9b}2J\u{202e}\u{7f}")
        try folder.write(status, to: "x.status.json")
        let outcome = try CommandOutcome(arguments, in: folder.path)
        #expect(outcome.status == 0)
        let unfit = outcome.output.unicodeScalars.filter {
            $0 != "\n" && ($0.value < 0x20 || (0x7f...0x9f).contains($0.value) || $0 == "\u{202e}")
        }
        #expect(unfit.isEmpty)
    }

    @Test func `a folder that is not there and a broken status file have their exit codes`() throws
    {
        let folder = try TemporaryFolder()
        #expect(try CommandOutcome(["ls", "none"], in: folder.path).status == 66)
        try folder.write(#"{"schema":"ingestd/status/1", "cut": "#, to: "x.status.json")
        let broken = try CommandOutcome(["ls"], in: folder.path)
        #expect(broken.status == 65)
        #expect(broken.complaint.contains("x.status.json"))
    }
}

@Suite struct ShowTests {
    @Test(arguments: ["a.pdf", "a.pdf.status.json", "./a.pdf"])
    func `a file is shown by its own name and by its status file's`(name: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(
            sidecar("a.pdf", status: "failed", state: "failed", more: failedDetails),
            to: "a.pdf.status.json")
        let outcome = try CommandOutcome(["show", name], in: folder.path)
        #expect(outcome.status == 0)
        #expect(
            outcome.output == """
                a.pdf
                  status      failed
                  message     The PDF is damaged.
                  next step   mend what the message says, then `ingestd retry`, or an empty a.pdf.retry
                  error       pdf_corrupt in stage info
                  detail      open document: no objects found
                  warning     The cover is missing.
                  kind        pdf, 482.2 kB
                  owner       alice (uid 1001)
                  attempts    2 of at most 2

                STAGE  STATUS  PROGRESS  ATTEMPT  TIME    ERROR
                info   failed  0%        2        0.35 s  pdf_corrupt: The PDF is damaged.

                """)
    }

    @Test
    func `a running document tells how long it will be, and when its worker was last heard of`()
        throws
    {
        let folder = try TemporaryFolder()
        let stages = """
            ,
              "eta_seconds": 12, "stages": [
                {"name": "info", "status": "completed", "progress": 100, "heartbeat_at": null},
                {"name": "text", "status": "processing", "progress": 45, "attempt": 1,
                 "started_at": "2020-01-02T03:04:05.678Z", "heartbeat_at": "2020-01-02T03:04:06.789Z"},
                {"name": "thumbnail", "status": "processing", "progress": 0, "attempt": 1,
                 "started_at": "2020-01-02T03:04:05.678Z", "heartbeat_at": null}]
            """
        try folder.write(
            sidecar("a.pdf", status: "processing", state: "running", more: stages),
            to: "a.pdf.status.json")
        let output = try CommandOutcome(["show", "a.pdf"], in: folder.path).output
        #expect(output.contains("\n  time left   about 12 s\n"))
        #expect(
            output.contains(#/\n  working     text: last sign of life \d+ days ago\n/#), "\(output)"
        )
        #expect(
            output.contains(
                #/\n  working     thumbnail: begun \d+ days ago, no sign of life yet\n/#))
        try folder.write(
            sidecar("b.pdf", status: "processing", state: "retrying", more: stages),
            to: "b.pdf.status.json")
        let waiting = try CommandOutcome(["show", "b.pdf"], in: folder.path).output
        #expect(!waiting.contains("sign of life"))
    }

    @Test func `a name that was shortened is found by what its status file says`() throws {
        let folder = try TemporaryFolder()
        let name = String(repeating: "n", count: 251) + ".pdf"
        try folder.write(
            sidecar(name, status: "pending", state: "held"), to: "nnn~0a1b2c3d.pdf.status.json")
        let outcome = try CommandOutcome(["show", name], in: folder.path)
        #expect(outcome.output.contains("status      pending (held)"))
    }

    @Test func `JSON is the status file`() throws {
        let folder = try TemporaryFolder()
        let text = sidecar("a.pdf", status: "completed", state: "completed")
        try folder.write(text, to: "a.pdf.status.json")
        #expect(try CommandOutcome(["show", "a.pdf", "--json"], in: folder.path).output == text)
    }

    @Test func `what ingestd has not seen is no input`() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "new.pdf")
        let outcome = try CommandOutcome(["show", "new.pdf"], in: folder.path)
        #expect(outcome.status == 66)
        #expect(
            outcome.complaint == "ingestd: new.pdf has no status file: ingestd has not seen it, "
                + "or not in this folder\n")
    }
}

@Suite struct ConfigCheckTests {
    @Test func `a good file is ok, with what it comes to`() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "inboxes: [/srv/a]\nlimits: {users: {bob-is-nobody: {files: 3}, root: {files: 4}}}\n",
            to: "c")
        let outcome = try CommandOutcome(["config", "check", file], in: folder.path)
        #expect(outcome.status == 0)
        #expect(
            outcome.output.hasPrefix("ok\n\nwarning: limits.users: the system knows no user “bob"))
        #expect(
            outcome.output.contains(
                "/srv/a  2s      10s   10m     off          -       auto "),
            "\(outcome.output)")
        #expect(outcome.output.contains("bob-is-nobody  unlimited  3          unlimited\n"))
        #expect(!outcome.output.contains("no user “root"))
    }

    @Test func `a bad file is told line by line, with exit code 78`() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("inbox: 1\nlog: {levle: 1}\n", to: "c.yaml")
        let outcome = try CommandOutcome(["config", "check", file], in: folder.path)
        #expect(outcome.status == 78)
        #expect(outcome.output == "")
        #expect(outcome.complaint.contains("\(file):1:1: unknown key “inbox”"))
        #expect(outcome.complaint.contains("\(file):2:7: unknown key “levle”"))
    }

    @Test func `JSON says the same`() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("inboxes: [/srv/a]\n", to: "good")
        let good = try CommandOutcome(["config", "check", "--json", file], in: folder.path)
        let settings = try JSONSerialization.jsonObject(with: Data(good.output.utf8))
        #expect((settings as? [String: Any])?["ok"] as? Bool == true)
        let wrong = try folder.write("state: x\n", to: "bad")
        let bad = try CommandOutcome(["config", "check", "--json", wrong], in: folder.path)
        #expect(bad.status == 78)
        let problems = try JSONSerialization.jsonObject(with: Data(bad.output.utf8))
        let first = ((problems as? [String: Any])?["problems"] as? [[String: Any]])?.first
        #expect(first?["line"] as? Int == 1)
        #expect(first?["column"] as? Int == 8)
    }
}
