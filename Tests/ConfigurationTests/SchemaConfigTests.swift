import Foundation
import Rules
import TestSupport
import Testing

@testable import ingestd

@Suite struct SchemaConfigTests {
    private func problems(_ text: String) -> [String] {
        do {
            _ = try ConfigFile(text: text, path: "c.yaml")
            return []
        } catch {
            return error.description.split(separator: "\n").map(String.init)
        }
    }

    @Test func `the schema that comes with ingestd is what its text says`() throws {
        #expect(BuiltInSchemas.all == [.participants])
        let page = try String(contentsOfFile: packageRoot + "/docs/formats.md", encoding: .utf8)
        let shown = BuiltInSchemas.text.split(separator: "\n").map { "    " + $0 }
        #expect(page.contains(shown.joined(separator: "\n")))
    }

    @Test func `every key is understood`() throws {
        let text = """
            schemas:
              회원:
                table: members
                key: [번호, joined]
                duplicates: update
                tokens: yes
                columns:
                  번호: {aliases: [no, "No."], type: integer, required: true, range: {min: 1, max: "9,999"}}
                  joined:
                    type: date
                    default: 2024-01-01
                  name:
                    transform: [lower, trim]
                    length: {max: 20}
                    pattern: '^[가-힣]+$'
                  grade: {allowed: [gold, silver]}
                  free:
              plain:
                columns: {a: {transform: []}}
            inboxes: [{path: /a, schema: 회원}, {path: /b, schema: plain}]
            """
        let settings = try ConfigFile(text: text, path: "c.yaml").settings
        let members = TableSchema(
            name: "회원", table: "members",
            columns: [
                TableSchema.Column(
                    name: "번호", aliases: ["no", "No."], isRequired: true,
                    rule: ValueRule(
                        type: .integer, range: ValueBounds(least: "1", greatest: "9,999"))
                ),
                TableSchema.Column(
                    name: "joined", rule: ValueRule(type: .date, standard: "2024-01-01")),
                TableSchema.Column(
                    name: "name",
                    rule: ValueRule(
                        transforms: [.trim, .lower], length: ValueBounds(greatest: 20),
                        pattern: "^[가-힣]+$")),
                TableSchema.Column(name: "grade", rule: ValueRule(allowed: ["gold", "silver"])),
                TableSchema.Column(name: "free"),
            ], key: ["번호", "joined"], duplicates: .update, hasTokens: true)
        let plain = TableSchema(
            name: "plain",
            columns: [TableSchema.Column(name: "a", rule: ValueRule(transforms: []))], key: [])
        // Those that come with ingestd are tried last.
        #expect(settings.schemas == [members, plain, .participants])
        #expect(settings.inboxes.map(\.settings.schema) == [.named("회원"), .named("plain")])
    }

    private static let a = "schemas: {s: {columns: {a: {"

    @Test(arguments: [
        ("schemas: []", "c.yaml:1:10: schemas must be keys with values"),
        (
            "schemas: {s: {colums: {}}}",
            "c.yaml:1:15: unknown key “colums” in schemas.s; did you mean “columns”?"
        ),
        ("schemas: {s: }", "c.yaml:1:11: schemas.s has no columns"),
        ("schemas: {s: {columns: {}}}", "c.yaml:1:24: schemas.s.columns must have from 1 to 1000"),
        (
            "schemas: {Participants: {columns: {a: }}}",
            "c.yaml:1:11: schemas.Participants: this name has a meaning"
        ),
        ("schemas: {auto: {columns: {a: }}}", "this name has a meaning already"),
        ("schemas: {1a: {columns: {a: }}}", "does not begin with a digit"),
        ("schemas: {a b: {columns: {a: }}}", "unlike “a b”"),
        (
            "schemas: {s: {table: Participants, columns: {a: }}}",
            "c.yaml:1:22: schemas.s.table “Participants” is taken"
        ),
        ("schemas: {s: {table: import, columns: {a: }}}", "“import” is taken"),
        ("schemas: {s: {table: sqlite_x, columns: {a: }}}", "begins like names that are taken"),
        (
            "schemas: {s: {columns: {a: }}, t: {table: S, columns: {a: }}}",
            "schemas.t.table “S” is taken"
        ),
        ("schemas: {s: {columns: {Token: }}}", "each table has a column of this name"),
        (
            "schemas: {s: {columns: {a: , b: {aliases: [x, A]}}}}",
            "c.yaml:1:47: schemas.s.columns.b: “A” is a name of the column a"
        ),
        (
            "schemas: {s: {key: emial, columns: {email: {required: true}}}}",
            "c.yaml:1:20: unknown column “emial” in schemas.s.key; did you mean “email”?"
        ),
        (
            "schemas: {s: {key: [a, a], columns: {a: {required: true}}}}",
            "c.yaml:1:24: schemas.s.key names the column a twice"
        ),
        (
            "schemas: {s: {key: a, columns: {a: }}}",
            "the column a must be “required: true” or have a default"
        ),
        ("schemas: {s: {key: [], columns: {a: }}}", "schemas.s.key names no column"),
        (
            "schemas: {s: {duplicates: skip, columns: {a: }}}",
            "c.yaml:1:27: schemas.s.duplicates needs a key"
        ),
        (
            "schemas: {s: {duplicates: ignore, key: a, columns: {a: {required: true}}}}",
            "known: skip, update, reject"
        ),
        ("schemas: {s: {tokens: true, columns: {a: }}}", "schemas.s.tokens needs a key"),
        (
            a + "type: integr}}}}",
            "c.yaml:1:35: unknown schemas.s.columns.a.type “integr”; did you mean “integer”?"
        ),
        (a + "requried: true}}}}", "did you mean “required”?"),
        (a + "transform: [trimm]}}}}", "did you mean “trim”?"),
        (
            a + "pattern: '('}}}}",
            "c.yaml:1:38: schemas.s.columns.a.pattern: a “(” has no “)” behind it"
        ),
        (
            a + "length: {min: 3, max: 2}}}}}",
            "schemas.s.columns.a.length: min must not be more than max"
        ),
        (a + "length: {least: 3}}}}}", "unknown key “least” in schemas.s.columns.a.length"),
        (a + "length: {min: -1}}}}}", "length.min must be a whole number from 0"),
        (a + "range: {min: 1}}}}}", "only integer, decimal and date have a range, text has not"),
        (
            a + "type: date, range: {max: 2024-12-31, min: soon}}}}}",
            "c.yaml:1:71: schemas.s.columns.a.range: “soon” is not a date such as"
        ),
        (
            a + "type: integer, range: {min: 1, max: 1e3}}}}}",
            "c.yaml:1:65: schemas.s.columns.a.range: “1e3” is not"
        ),
        (
            a + "type: integer, range: {min: 2, max: 1}}}}}",
            "c.yaml:1:51: schemas.s.columns.a.range: min must not be more than max"
        ),
        (
            a + "type: boolean, allowed: [yes, perhaps]}}}}",
            "c.yaml:1:59: schemas.s.columns.a.allowed: “perhaps” is not yes or no"
        ),
        (
            "schemas:\n  s:\n    columns:\n      a:\n        type: date\n        allowed:\n"
                + "          - 2024-01-31\n          - soon\n",
            "c.yaml:8:13: schemas.s.columns.a.allowed: “soon” is not a date"
        ),
        (
            a + "allowed: [x], default: y}}}}",
            "c.yaml:1:52: schemas.s.columns.a.default: “y” is none of x"
        ),
        (
            "schemas: {s: {columns: {a: }}}\ninboxes: [{path: /a, schema: t}]",
            "c.yaml:2:30: unknown inboxes[0].schema “t”"
        ),
        (
            "inboxes: [{path: /a, max_error_ratio: 1.1}]",
            "must be a share from 0 to 1 or from 0% to 100%, not “1.1”"
        ),
        ("inboxes: [{path: /a, max_error_ratio: 101%}]", "must be a share"),
        ("inboxes: [{path: /a, max_error_ratio: .5}]", "must be a share"),
        ("inboxes: [{path: /a, max_errors: -1}]", "max_errors must be a whole number from 0"),
    ])
    func `each mistake is told with its place and what to write instead`(
        text: String, expected: String
    ) {
        let problems = problems(text)
        #expect(problems.contains { $0.contains(expected) }, "\(problems)")
    }

    @Test(arguments: [
        ("0", 0), ("1", 1_000_000), ("0.05", 50_000), ("0.000001", 1), ("5%", 50_000),
        ("0.0001 %", 1), ("100%", 1_000_000),
    ])
    func `a share is a fraction or a percentage`(text: String, millionths: Int) throws {
        let settings = try ConfigFile(
            text: "inboxes: [{path: /a, max_error_ratio: \(text)}]", path: "c.yaml"
        ).settings
        #expect(settings.inboxes[0].settings.errorAllowance.millionths == millionths)
    }

    @Test func `inboxes know by which definitions their tables are imported`() throws {
        let folder = try TemporaryFolder()
        func forms(_ columns: String) throws -> [String] {
            let file = try folder.write(
                """
                state: /nowhere/state
                schemas: {s: {columns: \(columns)}}
                inboxes:
                  - {path: /nowhere/a, schema: s}
                  - {path: /nowhere/b}
                  - {path: /nowhere/c, schema: infer}
                  - {path: /nowhere/d, schema: participants}
                """, to: "c.yaml")
            return try Configuration.settings(
                from: Configuration.Sources(configFile: file), in: .current()
            ).inboxes.map(\.settings.schemaForm)
        }
        let first = try forms("{a: }")
        let second = try forms("{a: {required: true}}")
        #expect(first[0] != second[0] && first[1] != second[1])
        #expect(first[2] == "" && first[3] == second[3] && first[3] != "")
        #expect(try forms("{a: }") == first)
        #expect(Set([first[0], first[1], first[3]]).count == 3)
    }

    @Test func `what waits for a restart tells of schemas by themselves`() throws {
        var old = try ConfigFile(
            text: "schemas: {s: {columns: {a: }}}\ninboxes: [/a]", path: "c.yaml"
        ).settings
        var new = try ConfigFile(text: "inboxes: [/a]", path: "c.yaml").settings
        old.markSchemas()
        new.markSchemas()
        #expect(old.changesBeyondReload(in: new) == ["schemas"])
    }
}
