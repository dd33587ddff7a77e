import Rules
import TestSupport
import Testing

@Suite struct SchemaSelectionTests {
    static let members = TableSchema(
        name: "members",
        columns: [
            .init(name: "Number", aliases: ["회원번호", "no."], isRequired: true),
            .init(name: "name", aliases: ["이름"]),
        ],
        key: ["Number"])
    static let schemas = [TableSchema.participants, members]

    func selection(_ choice: SchemaChoice, _ header: [String]) throws(SchemaError)
        -> SchemaSelection
    {
        try SchemaSelection(choice, among: Self.schemas, header: TableHeader(header))
    }

    @Test func `names are matched trimmed and without regard to case`() throws {
        let selection = try selection(.named("participants"), ["\u{feff} EMAIL ", "Name", "etc"])
        guard case .schema(let match) = selection else {
            Issue.record("not the schema")
            return
        }
        #expect(match.places == [1, 0, nil, nil, nil])
        #expect(match.ignored == ["etc"])
    }

    @Test func `a name is the same however Unicode spells it`() throws {
        // 이름 and Number as macOS spells them, in parts.
        let parts = "\u{110b}\u{1175}\u{1105}\u{1173}\u{11b7}"
        #expect(!parts.unicodeScalars.elementsEqual("이름".unicodeScalars))
        guard case .schema(let match) = try selection(.named("members"), [parts, "number"]) else {
            Issue.record("not the schema")
            return
        }
        #expect(match.places == [1, 0])
    }

    @Test func `an alias stands for its column, and the first of two counts`() throws {
        guard case .schema(let match) = try selection(.auto, ["이름", "NO.", "회원번호"]) else {
            Issue.record("not the schema")
            return
        }
        #expect(match.schema.name == "members")
        #expect(match.places == [1, 0])
        #expect(match.ignored == ["회원번호"])
    }

    @Test func `a schema asked for by name must have its required columns`() {
        #expect(
            throws: SchemaError.missingColumns(
                ["email"], schema: "participants", header: ["name", "mail"])
        ) {
            try selection(.named("participants"), ["name", "mail"])
        }
        let failure = SchemaError.missingColumns(
            ["name", "email"], schema: "participants", header: ["a"]
        ).failure
        #expect(failure.code == .csvMissingColumns)
        #expect(failure.message.contains("`name`, `email`"))
    }

    /// A schema that asks for no column.
    static let notes = TableSchema(
        name: "notes",
        columns: [
            .init(name: "title", rule: ValueRule(standard: "none")),
            .init(name: "text", aliases: ["메모"]),
        ], key: [])

    @Test func `a schema without required columns takes no table that has nothing of it`() throws {
        let schemas = [Self.notes, .participants]
        func choose(_ header: [String]) throws -> SchemaSelection {
            try SchemaSelection(.auto, among: schemas, header: TableHeader(header))
        }
        guard case .schema(let people) = try choose(["name", "email"]) else {
            Issue.record("not a schema")
            return
        }
        #expect(people.schema.name == "participants")
        #expect(try choose(["a", "b"]) == .infer(nearly: nil))
        guard case .schema(let notes) = try choose(["name", "email", "메모"]) else {
            Issue.record("not a schema")
            return
        }
        #expect(notes.schema.name == "notes")
    }

    @Test func `a table with none of the columns is refused, though none is required`() {
        #expect(
            throws: SchemaError.noColumns(["title", "text"], schema: "notes", header: ["a", "b"])
        ) {
            try SchemaSelection(
                .named("notes"), among: [Self.notes], header: TableHeader(["a", "b"]))
        }
        #expect(
            throws: SchemaError.noColumns(["name", "email"], schema: "participants", header: ["x"])
        ) { try selection(.named("participants"), ["x"]) }
        let failure = SchemaError.noColumns(["title"], schema: "notes", header: ["a"]).failure
        #expect(failure.code == .csvMissingColumns)
        #expect(failure.message.contains("does not have the column `title`. "))
        #expect(!failure.detail.contains("title"))
    }

    @Test func `a header that is a title is told, and what to do about it`() {
        let title = SchemaError.noColumns(
            ["name", "email"], schema: "participants", header: ["", "2024 참가자 명단", ""]
        ).failure
        #expect(
            title.message
                == "Nothing was imported: the table's header does not have any of the columns "
                + "`name`, `email`. The header must be the first row with anything in it, and the "
                + "first row here is `2024 참가자 명단`. Remove what stands above the header, or name "
                + "the columns there, and drop it again.")
        #expect(!title.detail.contains("명단"))
        let long = SchemaError.noColumns(
            ["name"], schema: "s",
            header: Array(repeating: "x" + String(repeating: "\u{301}", count: 9999), count: 200)
        ).failure
        #expect(long.message.utf8.count < 1000)
        #expect(long.message.contains("…` and 197 more. Remove"))
        let blank = SchemaError.noColumns(["name"], schema: "s", header: ["", ""]).failure
        #expect(blank.message.contains("the first row here has only empty fields. Remove"))
    }

    @Test func `a schema that does not exist is the operator's matter`() {
        #expect(throws: SchemaError.unknown(name: "guests")) {
            try selection(.named("guests"), ["name", "email"])
        }
        #expect(SchemaError.unknown(name: "guests").failure.code == .internalError)
    }

    @Test func `auto takes the first schema that fits`() throws {
        guard case .schema(let match) = try selection(.auto, ["number", "email", "name"]) else {
            Issue.record("not a schema")
            return
        }
        #expect(match.schema.name == "participants")
    }

    @Test func `auto falls back, and tells the schema that it nearly was`() throws {
        guard case .infer(let nearly?) = try selection(.auto, ["name", "phone"]) else {
            Issue.record("not inferred")
            return
        }
        #expect(nearly.schema.name == "participants")
        #expect(nearly.missing == ["email"])
    }

    @Test func `a table with nothing in common was nearly nothing`() throws {
        #expect(try selection(.auto, ["x", "y"]) == .infer(nearly: nil))
        #expect(try selection(.infer, ["name", "email"]) == .infer(nearly: nil))
    }

    @Test(arguments: [
        (["name", "email", "_row", "_field", "_message"], ["name", "email"], true),
        (["name", " _ROW ", "_Field", "_message"], ["name"], true),
        (["name", "", "_row", "_field", "_message", "", " "], ["name", ""], true),
        (["name", "", ""], ["name", "", ""], false),
        (["", ""], ["", ""], false),
        (["_row", "_field", "_message", "name"], ["_row", "_field", "_message", "name"], false),
        (["_row", "_field", "_message"], ["_row", "_field", "_message"], false),
        (["name", "_row", "_message", "_field"], ["name", "_row", "_message", "_field"], false),
    ])
    func `reject columns are ignored at the end of a header only`(
        fields: [String], names: [String], isReject: Bool
    ) {
        let header = TableHeader(fields)
        #expect(header.hasRejectColumns == isReject)
        #expect(header.names.map { $0.lowercased() } == names)
    }
}
