import Publish
import Rules
import Testing

@Suite struct StatusVerdictTests {
    private static let expected = """
        {"schema":"ingestd/status/1",
          "document_id":"0194",
          "uid":1001,
          "size":5,
          "sha256":"ab",
          "status":"completed",
          "state":"completed",
          "message":"Done."
        }

        """

    private static let foreign = "{\"some\":\"thing\"}"

    @Test(arguments: [
        (expected, StatusVerdict.matches),
        (expected.replacing("Done.", with: "Done!"), .matches),
        (expected.replacing("\"completed\"", with: "\"failed\""), .differs(key: "status")),
        (expected.replacing("0194", with: "0195"), .differs(key: "document_id")),
        (expected.replacing("  \"size\":5,\n", with: ""), .differs(key: "size")),
        (expected.replacing("\"0194\"", with: "null"), .ofDrop),
        (String(expected.dropLast(4)), .torn),
        (String(expected.prefix(40)), .torn),
        (String(expected.prefix(9)), .torn),
        ("", .torn),
        (foreign, .foreign),
        (String(repeating: "\0", count: 50), .torn),
    ])
    func `a status file is held against its document without being parsed`(
        text: String, verdict: StatusVerdict
    ) {
        #expect(StatusVerdict(of: Array(text.utf8), expected: Self.expected) == verdict)
    }
}
