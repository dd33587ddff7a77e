import Rules
import Testing

@Suite struct OperatorRequestTests {
    private let request = OperatorRequest(
        verb: .thumbnail(page: 7), inbox: Array("/srv/a b\n".utf8),
        target: BeneathPath([FileName(literal: "x"), FileName([0xff, 0x2e] + Array("pdf".utf8))!]))

    @Test func `what is written is read, whatever the names are`() {
        #expect(OperatorRequest(bytes: request.bytes) == request)
        #expect(request.bytes.count < OperatorRequest.lengthLimit)
    }

    @Test func `anything else is no request`() {
        let bytes = request.bytes
        for length in 0..<bytes.count {
            #expect(OperatorRequest(bytes: Array(bytes.prefix(length))) == nil)
        }
        #expect(OperatorRequest(bytes: bytes + [0]) == nil)
        let texts = [
            "ingestd/request/2\0retry\0/srv\0a.pdf\0", "ingestd/request/1\0eat\0/srv\0a.pdf\0",
            "ingestd/request/1\0retry\0/srv\0../a.pdf\0", "ingestd/request/1\0retry\0/srv\0a.txt\0",
            "ingestd/request/1\0retry\0/srv\0\0",
        ]
        for text in texts { #expect(OperatorRequest(bytes: Array(text.utf8)) == nil, "\(text)") }
    }
}
