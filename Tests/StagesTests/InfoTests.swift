import Rules
import Testing
import WorkerProtocol

@testable import Stages

@Suite struct InfoTests {
    @Test func `a PDF is told in full`() throws {
        let run = try StageRun(fixture("english.pdf"), .info)
        #expect(
            run.text == """
                {"schema":"ingestd/info/1",
                  "pages":3,
                  "pdf_version":"1.7",
                  "metadata":{"title":"A Fox and a Dog", "author":"ingestd", "subject":"Animals", \
                "keywords":"fox, dog", "creator":"make-fixtures", "producer":"ingestd fixtures", \
                "created":"2024-01-31T09:30:00+09:00", "modified":"2024-02-01T00:00:00Z"},
                  "encryption":null,
                  "page_sizes":[{"first":1, "count":3, "width":595.000, "height":842.000}],
                  "outline":[{"level":1, "title":"Foxes", "page":1}, \
                {"level":2, "title":"Dogs", "page":3}],
                  "attachments":["notes.txt"],
                  "incomplete":[]
                }

                """)
        #expect(run.summary?.pages == 3)
        #expect(run.summary?.metadata["created"] == "2024-01-31T09:30:00+09:00")
        #expect(run.warnings.isEmpty)
    }

    @Test func `a title in UTF-16 is read, and what is not said is absent`() throws {
        let run = try StageRun(fixture("korean.pdf"), .info)
        #expect(run.summary?.metadata == ["title": "한국어 문서"])
    }

    @Test func `encryption is told with what it permits`() throws {
        let text = try #require(try StageRun(fixture("owner-locked.pdf"), .info).text)
        #expect(text.contains(#""method":"RC4", "key_bits":40, "revision":2"#))
        #expect(text.contains(#""print":true, "modify":false, "copy":true, "annotate":false"#))
    }

    @Test func `a turned page is told as it is seen`() throws {
        let text = try #require(try StageRun(fixture("rotated.pdf"), .info).text)
        #expect(text.contains(#""width":842.000, "height":595.000"#))
    }

    @Test func `a count that is too high is corrected, with a warning`() throws {
        let run = try StageRun(fixture("count-high.pdf"), .info)
        #expect(run.summary?.pages == 1)
        #expect(run.warnings == ["The PDF says that it has 40 pages, but it has 1."])
    }

    @Test func `a page that is none is counted, and warned about`() throws {
        let run = try StageRun(fixture("broken-page.pdf"), .info)
        #expect(run.summary?.pages == 3)
        #expect(run.warnings == ["The PDF is damaged: 2 of its 3 pages were found whole."])
    }

    @Test func `a page tree in a circle ends, with the count it states`() throws {
        #expect(try StageRun(fixture("pages-loop.pdf"), .info).summary?.pages == 2)
    }

    @Test func `a table of contents in a circle ends, and is said to be incomplete`() throws {
        let text = try #require(try StageRun(fixture("outline-loop.pdf"), .info).text)
        #expect(text.contains(#""outline":[{"level":1, "title":"Round", "page":null}]"#))
        #expect(text.contains(#""incomplete":["outline"]"#))
    }
}

@Suite struct PDFDateTests {
    @Test(arguments: [
        ("D:20240131093000+09'00'", "2024-01-31T09:30:00+09:00"),
        ("D:20240131093000-0330", "2024-01-31T09:30:00-03:30"),
        ("D:20240131093000+09", "2024-01-31T09:30:00+09:00"),
        ("D:20240131093000Z00'00'", "2024-01-31T09:30:00Z"),
        ("20240131093000Z", "2024-01-31T09:30:00Z"),
        ("D:199812", "1998-12-01T00:00:00Z"),
        ("D:2000", "2000-01-01T00:00:00Z"),
        ("D:20240229", "2024-02-29T00:00:00Z"),
    ])
    func `a date is read, however much of it there is`(text: String, date: String) {
        #expect(PDFDate.rfc3339(text) == date)
    }

    @Test(arguments: [
        "", "D:", "yesterday", "D:20241301", "D:20230229", "D:20240131253000", "D:202",
        "D:20240131093000+99'00'", "D:20240131093000 CET", "Tue Jan 31 2024",
    ])
    func `what is no date is none`(text: String) {
        #expect(PDFDate.rfc3339(text) == nil)
    }
}
