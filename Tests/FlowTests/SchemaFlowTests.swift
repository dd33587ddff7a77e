import Foundation
import Rules
import Testing

/// Tables that go by schemas of the config, from the drop to the database.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SchemaFlowTests {
    /// Members with Korean headers; told apart by their number.
    private static func members(duplicates: String = "skip", more: String = "") -> String {
        """
        schemas:
          members:
            table: 회원
            key: 번호
            duplicates: \(duplicates)
            columns:
              번호: {aliases: [회원번호], type: integer, required: true}
              name: {aliases: [이름, 성명], required: true, pattern: '^[가-힣]{2,5}$'}
              email: {aliases: [이메일], type: email, transform: [lower]}
              phone: {aliases: [전화번호], type: phone, transform: [digits]}
              department: {aliases: [부서], allowed: [개발, 영업]}
              position: {aliases: [직위], default: 사원}
              joined: {aliases: [가입일], type: date}
        \(more)
        """
    }

    private static let table = """
        회원번호,이름,이메일,전화번호,부서,직위,가입일
        1,홍길동,HONG@example.kr,010-1234-5678,개발,팀장,2024. 1. 5.
        2,김구,,,영업,,
        x,이영희,,,,,
        3,Park,=1+1,+82-10,,,
        2,최수,,,,,

        """

    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    private func drop(_ text: String, as name: String = "t.csv") throws {
        try scene.drop(Data(text.utf8), as: name)
    }

    private func rows(_ columns: String) throws -> [String] {
        try RecordedState(scene).imported("SELECT \(columns) FROM 회원 ORDER BY 번호")
    }

    private func result(_ name: String = "t.csv") throws -> [String: Any] {
        let status = try scene.status(name)
        #expect(status.state?.hasPrefix("completed") == true, "\(status.text)")
        return status.result
    }

    @Test func `a table with Korean headers comes in by its schema`() async throws {
        try drop(Self.table)
        try await scene.runOnce(inbox: "schema: members", settings: Self.members())
        let result = try result()
        #expect(result["table_schema"] as? String == "members")
        #expect(result["table"] as? String == "회원")
        let counts = [
            "total_rows": 5, "processed_count": 2, "updated_count": 0, "error_count": 2,
            "duplicates_skipped": 1, "tokens": 0,
        ]
        for (key, count) in counts { #expect(result[key] as? Int == count, "\(key)") }
        #expect(
            try rows(
                "번호 || typeof(번호) || name || coalesce(email, '-') || coalesce(phone, '-') || position || coalesce(joined, '-')"
            )
                == [
                    "1integer홍길동hong@example.kr01012345678팀장2024-01-05", "2integer김구--사원-",
                ])
        #expect(
            try scene.text("t.csv.results/rejects.csv")
                == "\u{feff}회원번호,이름,이메일,전화번호,부서,직위,가입일,_row,_field,_message\r\n"
                + "x,이영희,,,,,,4,번호,is not a whole number\r\n"
                + "3,Park,=1+1,+82-10,,,,5,name,\"is not of the form ^[가-힣]{2,5}$\"\r\n")
        try await scene.expectClean()
    }

    @Test func `a mended rejects file brings in what it mends, once`() async throws {
        try drop(Self.table)
        try await scene.runOnce(inbox: "schema: members", settings: Self.members())
        let mended = try scene.text("t.csv.results/rejects.csv")
            .replacing("x,이영희", with: "4,이영희").replacing("Park,=1+1,+82-10", with: "박준,,+82-10")
        for name in ["mended.csv", "again.csv"] {
            try drop(mended + (name == "again.csv" ? "5,최수,,,,,,,,\r\n" : ""), as: name)
            try await scene.runOnce(inbox: "schema: members", settings: Self.members())
        }
        #expect(try result("mended.csv")["processed_count"] as? Int == 2)
        #expect(try scene.status("mended.csv").warnings == [])
        #expect(try result("mended.csv")["encoding"] as? String == "utf-8-sig")
        #expect(try result("again.csv")["processed_count"] as? Int == 1)
        #expect(try result("again.csv")["duplicates_skipped"] as? Int == 2)
        #expect(
            try rows("name || coalesce(phone, '')") == [
                "홍길동01012345678", "김구", "박준8210", "이영희", "최수",
            ])
    }

    @Test func `rows that are there already are updated where the schema says so`() async throws {
        try drop(Self.table)
        let settings = Self.members(duplicates: "update")
        try await scene.runOnce(inbox: "schema: members", settings: settings)
        #expect(try result()["updated_count"] as? Int == 1)
        #expect(try rows("name") == ["홍길동", "최수"])
        try drop("번호,성명,부서\n1,홍길순,영업\n9,새사람,개발\n", as: "new.csv")
        try await scene.runOnce(inbox: "schema: members", settings: settings)
        let result = try result("new.csv")
        #expect(result["processed_count"] as? Int == 2)
        #expect(result["updated_count"] as? Int == 1)
        // What the new table has no column for stays as it was, and is the default where it is new.
        #expect(
            try rows("name || coalesce(department, '-') || position")
                == ["홍길순영업팀장", "최수-사원", "새사람개발사원"])
    }

    @Test func `rows that are there already are rejected where the schema says so`() async throws {
        try drop(Self.table)
        let settings = Self.members(duplicates: "reject")
        try await scene.runOnce(inbox: "schema: members", settings: settings)
        let result = try result()
        #expect(result["error_count"] as? Int == 3)
        #expect(result["duplicates_skipped"] as? Int == 0)
        let errors = try #require(result["errors"] as? [[String: Any]])
        #expect(errors.map { $0["row"] as? Int } == [4, 5, 6])
        #expect(
            try scene.text("t.csv.results/rejects.csv").hasSuffix(
                "2,최수,,,,,,6,번호,\"is there already, in row 3\"\r\n"))
        // Nothing else is left to reject: no file.
        try drop("번호,성명\n7,강민\n", as: "good.csv")
        try await scene.runOnce(inbox: "schema: members", settings: settings)
        #expect(try scene.names(in: "good.csv.results") == ["import.json", "original.csv"])
        try await scene.expectClean()
    }

    @Test(arguments: [
        ("skip", "max_errors: 1", 2), ("skip", "max_error_ratio: 39%", 2),
        ("reject", "max_errors: 2", 3), ("reject", "max_error_ratio: 0.59", 3),
    ])
    func `too many rejects are fatal, with nothing imported`(
        duplicates: String, bound: String, errors: Int
    ) async throws {
        try drop(Self.table)
        let settings = Self.members(duplicates: duplicates)
        try await scene.runOnce(inbox: "schema: members\n    \(bound)", settings: settings)
        let status = try scene.status("t.csv")
        #expect(status.code == "csv_too_many_errors")
        let message = (status.members["error"] as? [String: Any])?["message"] as? String ?? ""
        #expect(message.contains("\(errors) of the first "), "\(message)")
        #expect(message.contains("Row 4: 번호 is not a whole number."), "\(message)")
        #expect(try scene.names(in: "t.csv.results") == ["original.csv"])
        let tables: [String] = try RecordedState(scene).imported(
            "SELECT name FROM sqlite_schema WHERE type = 'table'")
        #expect(tables == ["import"])
        // By one row more it comes in.
        let wider = bound.replacing("39%", with: "40%").replacing("0.59", with: "0.6")
            .replacing("errors: 2", with: "errors: 3").replacing("errors: 1", with: "errors: 2")
        try drop("", as: "t.csv.retry")
        try await scene.runOnce(inbox: "schema: members\n    \(wider)", settings: settings)
        #expect(try result()["error_count"] as? Int == errors)
        try await scene.expectClean()
    }

    @Test func `any table keeps its values as what they are, and loses none`() async throws {
        try drop(
            "우편번호,수량,가격,단가,날짜\n01234,10,2.5,1.50,2024-01-05\n12345,-3,4,2.00,2024-02-29\n",
            as: "any.csv")
        try await scene.runOnce(inbox: "schema: infer")
        let result = try result("any.csv")
        #expect(
            result["column_types"] as? [String]
                == ["text", "integer", "decimal", "decimal", "date"])
        let types: [String] = try RecordedState(scene).imported(
            """
            SELECT 우편번호 || typeof(우편번호) || 수량 || typeof(수량) || 가격 || typeof(가격) || 단가
                || typeof(단가) || 날짜 FROM "any" ORDER BY _row
            """)
        #expect(
            types == [
                "01234text10integer2.5real1.50text2024-01-05",
                "12345text-3integer4integer2.00text2024-02-29",
            ])
    }

    @Test func `a title above the header is told where a schema is asked for`() async throws {
        try drop("2024 회원 명단,,\n\n번호,이름,이메일\n1,홍길동,a@b.kr\n", as: "title.csv")
        try await scene.runOnce(inbox: "schema: members", settings: Self.members())
        let status = try scene.status("title.csv")
        #expect(status.code == "csv_missing_columns")
        #expect(
            status.text.contains("the first row here is `2024 회원 명단`. Remove what stands above"))
    }

    @Test func `tables and columns are called what the result says, whoever spelt them`()
        async throws
    {
        // 명단 and 이름 as macOS spells them, in parts.
        let name = "\u{1106}\u{1167}\u{11bc}\u{1103}\u{1161}\u{11ab}.csv"
        let long = String(repeating: "long", count: 30)
        try drop(
            "\u{110b}\u{1175}\u{1105}\u{1173}\u{11b7},\(long)a,\(long)b\n홍길동,1,2\n", as: name)
        try await scene.runOnce()
        let result = try result(name)
        let cut = String(repeating: "long", count: 16)
        let columns = ["이름", cut, cut.dropLast(2) + "_2"]
        #expect(result["columns"] as? [String] == columns)
        #expect(Array((result["table"] as? String ?? "").utf8) == Array("명단".utf8))
        let names: [String] = try RecordedState(scene).imported(
            "SELECT name FROM pragma_table_info('명단')")
        #expect(names == ["_row"] + columns)
        let rows: [String] = try RecordedState(scene).imported(
            "SELECT 이름 || \(columns[1]) || \(columns[2]) FROM 명단")
        #expect(rows == ["홍길동12"])
    }

    @Test func `auto takes the config's schemas first, and tells what a table nearly was`()
        async throws
    {
        let settings = Self.members()
        try drop("번호,name,email\n1,홍길동,a@b.kr\n", as: "a.csv")
        try drop("name,email\nAnn,a@b.kr\n", as: "b.csv")
        try drop("번호,메모\n1,x\n", as: "c.csv")
        try await scene.runOnce(settings: settings)
        #expect(try result("a.csv")["table_schema"] as? String == "members")
        #expect(try result("b.csv")["table_schema"] as? String == "participants")
        #expect(try result("c.csv")["table_schema"] as? String == "infer")
        #expect(
            try scene.status("c.csv").warnings == [
                "Imported as a table of its own: for `members` it lacks the column `name`."
            ])
    }

    @Test(arguments: ["list.csv", "list.xlsx"])
    func `a list with a Korean header is one of participants, as it comes`(
        name: String
    ) async throws {
        if name == "list.xlsx" {
            try scene.drop("excel/korean.xlsx", as: name)
        } else {
            try drop(
                """
                이름,이메일,전화번호,부서,직위
                홍길동,HONG@example.kr,010-1234-5678,개발,팀장
                김구,kim@example.kr,,,

                """, as: name)
        }
        try await scene.runOnce()
        let result = try result(name)
        #expect(result["table_schema"] as? String == "participants")
        #expect(result["processed_count"] as? Int == 2)
        #expect(result["tokens"] as? Int == 2)
        #expect(try scene.status(name).warnings == [])
        let rows: [String] = try RecordedState(scene).imported(
            """
            SELECT name || email || coalesce(phone || department || position, '-')
            FROM participants ORDER BY row
            """)
        #expect(rows == ["홍길동hong@example.kr010-1234-5678개발팀장", "김구kim@example.kr-"])
        try await scene.expectClean()
    }

    @Test func `a changed definition is another plan, by which a refresh goes`() async throws {
        try drop(Self.table)
        try await scene.runOnce(inbox: "schema: members", settings: Self.members())
        let before = try RecordedState(scene).parameters(of: "import")
        let changed = Self.members(more: "      note: {}")
        try drop("", as: "t.csv.refresh")
        try await scene.runOnce(inbox: "schema: members", settings: changed)
        let after = try RecordedState(scene).parameters(of: "import")
        #expect(before?.hasPrefix("schema=members form=") == true && before != after)
        #expect(try result()["processed_count"] as? Int == 2)
        let notes: [Int] = try RecordedState(scene).imported(
            "SELECT count(*) FROM 회원 WHERE note IS NULL")
        #expect(notes == [2])
    }
}
