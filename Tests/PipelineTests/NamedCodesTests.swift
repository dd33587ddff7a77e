import Imports
import SystemPackage
import TestSupport
import Testing

@testable import Pipeline

@Suite struct NamedCodesTests {
    private func codes(_ text: String) throws -> NamedCodes {
        let folder = try TemporaryFolder()
        try folder.write("tokens.csv", text)
        let list = try FileDescriptor.open(FilePath(folder("tokens.csv")), .readOnly)
        defer { #expect(throws: Never.self) { try list.close() } }
        return try NamedCodes(reading: list)
    }

    @Test func `names are found behind keys of any kind, in the order of rows`() throws {
        let long = String(repeating: "k", count: 100_000)
        let list = try codes(
            "\u{feff}email,no,token,qr\r\n"
                + "a@b.c,1,T1,qr/000003.png\r\n"
                + "\"a,\"\"b\"\"\r\n,x\",2,T2,qr/000002.png\r\n"
                + "\"\"\"\",\(long),T3,\r\n"
                + "\"'=1,2\",3,T4,qr/1000000.png\r\n")
        #expect(list.codes.map(\.row) == [2, 3, 1_000_000])
        #expect(list.codes.map(\.token) == ["T2", "T1", "T4"])
        #expect(list.isCutOff)
    }

    @Test(arguments: ["email,token\r\na@b.c,T\r\n", "token,qr\r\n", ""])
    func `a list that names none has none`(text: String) throws {
        let list = try codes(text)
        #expect(list.codes.isEmpty && !list.isCutOff)
    }

    @Test(arguments: ["qr/2.png", "../000002.png", "qr/000002.png.x", "x"])
    func `a name that is none is refused`(name: String) {
        #expect(throws: ImportError.self) { try codes("email,token,qr\r\na@b.c,T,\(name)\r\n") }
    }
}
