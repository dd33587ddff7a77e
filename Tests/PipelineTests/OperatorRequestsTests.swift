import Glibc
import Rules
import SystemPackage
import TestSupport
import Testing

@testable import Pipeline

@Suite struct OperatorRequestsTests {
    let folder: TemporaryFolder
    let requests: OperatorRequests

    init() throws {
        folder = try TemporaryFolder()
        mkdir(folder("requests"), 0o700)
        requests = OperatorRequests(FilePath(folder("requests")))
        let request = OperatorRequest(
            verb: .retry, inbox: Array("/srv/in".utf8),
            target: BeneathPath([FileName(literal: "report.pdf")]))
        try folder.write("template", String(decoding: request.bytes, as: UTF8.self))
    }

    /// The request that lies there.
    private func seen() throws -> OperatorRequests.File? {
        for case .request(let file, _) in try requests.looks(at: try requests.names(after: nil)) {
            return file
        }
        return nil
    }

    @Test func `a file that is linked into the folder again asks again`() throws {
        #expect(Glibc.link(folder("template"), folder("requests/x")) == 0)
        let first = try #require(try seen())
        #expect(try requests.isToDo(first))
        try requests.finish(first)
        #expect(try seen() == nil)
        #expect(Glibc.link(folder("template"), folder("requests/x")) == 0)
        let second = try #require(try seen())
        #expect(second.asWritten == first.asWritten)
        #expect(second.identity != first.identity)
        #expect(try requests.isToDo(second))
        #expect(try !requests.isToDo(first))
    }
}
