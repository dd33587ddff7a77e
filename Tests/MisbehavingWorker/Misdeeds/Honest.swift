import Glibc
import Rules
import WorkerProtocol

/// No misdeed: says who it is and what it reads, for each request.
enum Honest {
    static func serve() {
        while let request = Wall.nextRequest() { answer(request) }
    }

    static func answer(_ request: StageRequest) {
        Wall.send(.progress(done: 0, total: 2))
        var head = [UInt8](repeating: 0, count: 16)
        let count = pread(0, &head, head.count, 0)
        let start = String(decoding: head.prefix(max(0, count)), as: UTF8.self)
        if request.stage == .tableImport { Wall.send(.tableBegun(heading)) }
        if request.stage != .pages {
            Wall.send(artifact: artifact(of: request), "\(getpid())\n\(start)")
        }
        finish(request)
    }

    /// The table that it finds in everything.
    private static let heading = TableHeading(
        schema: nil, columns: ["a", "b"], encoding: "utf-8", delimiter: ",")

    /// The name of a file that the stage may make.
    static func artifact(of request: StageRequest) -> String {
        switch request {
        case .info: "info.json"
        case .text: "text.txt"
        case .thumbnail: "thumbnail.jpg"
        case .pages(let pages): PageRequest.artifactName(of: pages.first)
        case .tableImport: "rejects.csv"
        }
    }

    static func finish(_ request: StageRequest) {
        switch request {
        case .info: Wall.send(.finished(.info(PDFSummary(pages: 1, metadata: [:]))))
        case .text: Wall.send(.finished(.text(characters: 1)))
        case .thumbnail: Wall.send(.finished(.thumbnail(count: 1)))
        case .pages(let pages):
            draw(pages.pages)
            Wall.send(.finished(.pages(PageSummary(end: pages.last + 1, faults: []))))
        case .tableImport:
            var batch = RowBatch()
            batch.append(row: 2, fields: [Array("1".utf8), Array("2".utf8)])
            Wall.send(.rows(batch))
            let types = [InferredType.text, .text]
            Wall.send(
                .finished(.table(TableSummary(totalRows: 1, errorCount: 0, types: types))))
        }
    }

    /// What passes for pictures of pages.
    static func draw(_ pages: some Sequence<Int>) {
        for page in pages {
            Wall.send(artifact: PageRequest.artifactName(of: page), "picture of page \(page)")
        }
    }
}
