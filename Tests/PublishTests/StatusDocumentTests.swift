import Foundation
import Rules
import Testing

@testable import Publish

@Suite struct StatusDocumentTests {
    private func document(
        name: [UInt8] = Array("a.pdf".utf8), message: String = "Done."
    ) throws -> StatusDocument {
        StatusDocument(
            fileName: try #require(FileName(name)), collection: BeneathPath(),
            account: Account(uid: 1001, name: "alice"), size: ByteCount(10), state: .waiting,
            message: message, maxAttempts: 4)
    }

    private func members(_ document: StatusDocument) throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(document.json.utf8))
        return try #require(value as? [String: Any])
    }

    @Test func `the schema stands alone on the first line, and each key on a line of its own`()
        throws
    {
        let lines = try document().json.split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.first == #"{"schema":"ingestd/status/1","#)
        #expect(lines.suffix(2) == ["}", ""])
        let keys = lines.dropFirst().dropLast(2).map { $0.prefix { $0 != ":" } }
        #expect(keys.allSatisfy { $0.wholeMatch(of: /\ \ "[a-z0-9_]+"/) != nil })
        #expect(keys.count == 24)
        #expect(Set(keys).count == keys.count)
    }

    @Test func `before the claim all that only a document has is null`() throws {
        let members = try members(document())
        let nulls = [
            "document_id", "kind", "sha256", "received_at", "started_at", "completed_at",
            "next_attempt_at", "error", "eta_seconds", "admitted_by", "result",
        ]
        for key in nulls { #expect(members[key] is NSNull, "\(key)") }
        #expect(members["owner"] as? String == "alice")
        #expect(members["uid"] as? Int == 1001)
        #expect(members["status"] as? String == "pending")
        #expect(members["state"] as? String == "waiting")
    }

    @Test(arguments: [
        #"quote " backslash \ slash /"#, "line\nfeed\r\ttab", "\u{1}\u{1f}\u{7f}\u{0}",
        "\u{2028}\u{2029}", "한국어 🎉 \u{202e}", "",
    ])
    func `every text comes back as it was, on its one line`(text: String) throws {
        var document = try document(message: text)
        document.warnings = [text]
        document.error = Failure(.timeout, message: text, detail: text)
        let members = try members(document)
        #expect(members["message"] as? String == text)
        #expect(members["warnings"] as? [String] == [text])
        let error = try #require(members["error"] as? [String: Any])
        #expect(error["detail"] as? String == text)
        #expect(error["stage"] is NSNull)
        #expect(error["retryable"] as? Bool == true)
        #expect(document.json.split(separator: "\n").count == 26)
        #expect(!document.json.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    }

    @Test func `a name that is not UTF-8 is shown as far as it goes, with its bytes`() throws {
        let bytes: [UInt8] = [0xbe, 0xc8] + Array(".pdf".utf8)
        let members = try members(document(name: bytes))
        #expect(members["file_name"] as? String == "\u{fffd}\u{fffd}.pdf")
        #expect(members["file_name_base64"] as? String == Data(bytes).base64EncodedString())
        #expect(try self.members(document())["file_name_base64"] == nil)
    }

    @Test func `a stage that waits for another attempt shows why`() throws {
        var document = try document()
        let failure = Failure(.workerCrashed, message: "m", detail: "d")
        document.stages = [
            StatusDocument.Stage(
                name: .text,
                state: .retrying(attempt: 1, until: Timestamp(milliseconds: 0), after: failure),
                progress: 0, attempt: 1, startedAt: nil, completedAt: nil, seconds: 1.5)
        ]
        let stages = try #require(members(document)["stages"] as? [[String: Any]])
        #expect(stages[0]["status"] as? String == "processing")
        #expect(stages[0]["seconds"] as? Double == 1.5)
        let error = try #require(stages[0]["error"] as? [String: Any])
        #expect(error["code"] as? String == "worker_crashed")
        #expect(error["stage"] as? String == "text")
    }

    @Test func `the quota is shown where it is told`() throws {
        var document = try document()
        #expect(try members(document)["quota"] == nil)
        document.quota = StatusDocument.Quota(
            usage: QuotaUsage(bytes: ByteCount(90), files: 2),
            limit: QuotaLimit(bytes: ByteCount(100), files: nil),
            asOf: Timestamp(milliseconds: 0))
        let quota = try #require(members(document)["quota"] as? [String: Any])
        #expect(quota["used_bytes"] as? Int == 90)
        #expect(quota["limit_bytes"] as? Int == 100)
        #expect(quota["limit_files"] is NSNull)
        #expect(quota["as_of"] as? String == "1970-01-01T00:00:00.000Z")
    }
}
