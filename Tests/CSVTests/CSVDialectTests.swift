import CSV
import Testing

@Suite struct CSVDialectTests {
    func dialect(_ text: String, isWhole: Bool = true) -> CSVDialect {
        var text = text
        return text.withUTF8 { CSVDialect.sniff(UnsafeRawBufferPointer($0), isWhole: isWhole) }
    }

    @Test(arguments: [
        ("", ",", 0),
        ("name\nKim\nLee\n", ",", 1),
        ("a,b\n1,2\n", ",", 2),
        ("a;b\n1;2\n", ";", 2),
        ("a\tb\n1\t2\n", "tab", 2),
        ("a|b|c\n1|2|3\n", "|", 3),
        // Decimal commas in every row, but not in the header.
        ("x;y\n1,5;2,5\n3,5;4,5\n", ";", 2),
        // A comma in every record: the cut that gives more columns is the table's.
        ("last, first;mail;phone\nKim, A;a@b.c;1\nLee, B;b@b.c;2\n", ";", 3),
        ("\"a, b\";\"c, d\"\n\"e, f\";\"g, h\"\n", ";", 2),
        ("a,b\n\"x;y;z\",\"1|2\"\n", ",", 2),
        ("a;b;c\n1;2\n3;4;5;6\n7;8;9\n", ";", 4),
        ("# made by hand, for tests\nx\ty\tz\n1\t2\t3\n4\t5\t6\n", "tab", 3),
        ("note;text\n1;a, b, c\n2;d, e, f\n", ";", 2),
    ])
    func `the delimiter is the one that cuts records alike`(
        text: String, name: String, widest: Int
    ) {
        let dialect = dialect(text)
        #expect(dialect.name == name)
        #expect(dialect.widest == widest)
        #expect(dialect.prefixLength == 0)
    }

    @Test(arguments: [
        ("sep=;\na,b;c\n", ";", 6), ("SEP=|\r\na|b\r\n", "|", 7), ("\"sep=\t\"\na\tb\n", "tab", 8),
        ("sep=,\ra;b;c\r", ",", 6), ("sep=;", ";", 5),
    ])
    func `a line that declares the delimiter is honoured and skipped`(
        text: String, name: String, prefixLength: Int
    ) {
        let dialect = dialect(text)
        #expect(dialect.name == name)
        #expect(dialect.prefixLength == prefixLength)
    }

    @Test(arguments: ["sep=x\na,b\n", "sep=;;\na,b\n", "sep=\na,b\n", "separator\na,b\n"])
    func `a first line that declares nothing is a record`(text: String) {
        #expect(dialect(text).prefixLength == 0)
    }

    @Test func `a record that the sample cuts off is not looked at`() {
        #expect(dialect("a,b\n1,2\n3,4,5,6", isWhole: false).widest == 2)
        #expect(dialect("a,b\n1,2\n3,4,5,6", isWhole: true).widest == 4)
    }
}
