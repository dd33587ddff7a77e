import Foundation
import Rules
import Testing

/// Tables as people send them, from the drop to what an account reads in its database.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TableFlowTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    /// CP949 for the few characters that are written here.
    static func cp949(_ text: String) -> Data {
        let codes: [Character: [UInt8]] = [
            "이": [0xc0, 0xcc], "름": [0xb8, 0xa7], "홍": [0xc8, 0xab], "길": [0xb1, 0xe6],
            "동": [0xb5, 0xbf],
        ]
        return Data(text.flatMap { codes[$0] ?? Array(String($0).utf8) })
    }

    private static func utf16(_ text: String) -> Data {
        Data([0xff, 0xfe]) + Data(text.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] })
    }

    @Test(arguments: [
        ("cp949", cp949("이름,email\n홍길동,a@b.kr\n"), "홍길동"),
        ("utf-16-le", utf16("이름\temail\r\n\"홍\r\n길동\"\ta@b.kr\r\n"), "홍\r\n길동"),
        ("utf-8", Data("sep=;\n이름;email\n\"홍;길동\";a@b.kr\n".utf8), "홍;길동"),
        ("utf-8", Data("이름,email\n홍\0길동,a@b.kr\n".utf8), "홍\0길동"),
        ("utf-8", Data("이름,email\r홍길동,a@b.kr\r\r\n".utf8), "홍길동"),
        ("utf-8-sig", Data("\u{feff}이름|email\n\"\"\"홍\"\" 길동\"|a@b.kr\n".utf8), "\"홍\" 길동"),
    ])
    func `a name arrives as it was written`(encoding: String, table: Data, name: String)
        async throws
    {
        try scene.drop(table, as: "t.csv")
        try await scene.runOnce(inbox: "schema: infer")
        let status = try scene.status("t.csv")
        #expect(status.state == "completed", "\(status.text)")
        #expect(status.result["encoding"] as? String == encoding)
        let names: [String] = try RecordedState(scene).imported("SELECT hex(이름) FROM t")
        #expect(names == [name.utf8.map { String(format: "%02X", $0) }.joined()])
        try await scene.expectClean()
    }

    @Test func `a thousand columns and a field of a mebibyte arrive whole`() async throws {
        let header = (1...1000).map { "c\($0)" }.joined(separator: ",")
        let row = (1...1000).map { "v\($0)" }.joined(separator: ",")
        try scene.drop(Data("\(header)\n\(row)\n".utf8), as: "wide.csv")
        let long = String(repeating: "가나다\n\"\"", count: (1 << 20) / 11)
        try scene.drop(Data("a,b\n1,\"\(long)\"\n".utf8), as: "long.csv")
        try await scene.runOnce(inbox: "schema: infer")
        let state = RecordedState(scene)
        #expect(try state.imported("SELECT c1 || c1000 FROM wide") == ["v1v1000"])
        let length: [Int] = try state.imported("SELECT length(CAST(b AS BLOB)) FROM long")
        #expect(length == [(1 << 20) / 11 * 11])
        try await scene.expectClean()
    }
}
