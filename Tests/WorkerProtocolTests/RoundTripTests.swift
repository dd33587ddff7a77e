import Rules
import TestSupport
import Testing

@testable import WorkerProtocol

/// Every message means the same on both sides of the wall.
@Suite struct RoundTripTests {
    static let requests: [StageRequest] = [
        .info(pageLimit: 20_000),
        .text(pageLimit: 0, byteLimit: 1 << 53),
        .thumbnail(ThumbnailSettings(page: 7, width: 1, height: 65_536, quality: 100)),
        .tableImport(
            TableRequest(choice: .auto, schemas: [.participants], fallbackEncoding: "cp949")),
        .tableImport(
            TableRequest(
                choice: .infer, schemas: [], fallbackEncoding: "", columnLimit: 3, isWorkbook: true,
                sheet: "참가자")),
        .tableImport(
            TableRequest(
                choice: .named("손님"),
                schemas: [
                    TableSchema(
                        name: "손님",
                        columns: [
                            TableSchema.Column(
                                name: "키", aliases: ["key", "열쇠"], isRequired: true,
                                rule: ValueRule(
                                    type: .phone, transforms: [.digits, .lower],
                                    length: ValueBounds(greatest: 9), pattern: "^[가-힣]$",
                                    allowed: ["", "b"], standard: "")),
                            TableSchema.Column(
                                name: "n",
                                rule: ValueRule(
                                    type: .decimal, transforms: [],
                                    range: ValueBounds(least: "-1.5", greatest: "9"))),
                        ],
                        key: ["n", "키"], duplicates: .reject), .participants,
                ],
                fallbackEncoding: "windows-1252",
                allowance: ErrorAllowance(count: 0, millionths: 1_000_000))),
    ]

    static let replies: [StageReply] = [
        .progress(done: 0, total: 0), .progress(done: 18, total: 1 << 53),
        .artifactBegun(name: "text.txt", mediaType: "text/plain"),
        .artifactBytes([]), .artifactBytes([0, 255, 10]), .artifactEnded,
        .tableBegun(
            TableHeading(
                schema: "participants", columns: ["name", "email"], encoding: "utf-8-sig",
                delimiter: "tab")),
        .tableBegun(TableHeading(schema: nil, columns: [], encoding: "", delimiter: ";")),
        .tableBegun(
            TableHeading(schema: nil, columns: [], encoding: nil, delimiter: nil, sheet: "참가자")),
        .tableBegun(
            TableHeading(
                schema: "m", columns: ["a", "b"], lacking: ["b"], encoding: "cp949", delimiter: ",",
                carriesRecords: true
            )
        ),
        .rows(RowBatch()), .rows(sampleBatch()),
        .rejected(RowReject(row: 3, field: "email", message: "is not an address", value: "é\n\0")),
        .warning("한글 경고"),
        .finished(.info(PDFSummary(pages: 3, metadata: ["title": "", "modified": "2026"]))),
        .finished(.text(characters: 12)), .finished(.thumbnail(count: 1)),
        .finished(.table(TableSummary(totalRows: 100, errorCount: 2))),
        .finished(
            .table(
                TableSummary(
                    totalRows: 1, errorCount: 0,
                    types: [
                        .text, .integer, .decimal(isKeptAsNumber: true),
                        .decimal(isKeptAsNumber: false), .date, .datetime, .boolean,
                    ]))),
        .failed(Failure(.pdfNoPages, message: "It has no pages.", detail: "open: none")),
    ]

    static func sampleBatch() -> RowBatch {
        var batch = RowBatch()
        batch.append(row: 2, fields: [Array("a".utf8), [], Array("가나다".utf8)])
        batch.begin(row: 1 << 53, fieldCount: 1)
        batch.appendNoValue()
        batch.append(row: 4, fields: [[UInt8]]())
        return batch
    }

    @Test(arguments: requests)
    func `a request is read as it was meant`(request: StageRequest) throws {
        let (kind, payload) = try #require(try frames(of: request.encoded()).first)
        #expect(kind == StageRequest.frameKind)
        #expect(try StageRequest(payload: payload) == request)
    }

    @Test(arguments: replies)
    func `a reply is read as it was meant`(reply: StageReply) throws {
        let (kind, payload) = try #require(try frames(of: reply.encoded()).first)
        #expect(try StageReply(kind: kind, payload: payload) == reply)
    }

    @Test(arguments: requests)
    func `a request cut short or with a byte too many is refused`(request: StageRequest) throws {
        let (_, payload) = try #require(try frames(of: request.encoded()).first)
        for length in 0..<payload.count {
            #expect(throws: WireError.self) { try StageRequest(payload: payload.prefix(length)) }
        }
        #expect(throws: WireError.self) { try StageRequest(payload: payload + [0]) }
    }

    @Test(
        arguments: replies.filter {
            // Any bytes are bytes of an artifact, and a batch may end behind any of its rows.
            switch $0 {
            case .artifactBytes, .rows: false
            default: true
            }
        })
    func `a reply cut short or with a byte too many is refused`(reply: StageReply) throws {
        let (kind, payload) = try #require(try frames(of: reply.encoded()).first)
        for length in 0..<payload.count {
            #expect(throws: WireError.self) {
                try StageReply(kind: kind, payload: payload.prefix(length))
            }
        }
        #expect(throws: WireError.self) { try StageReply(kind: kind, payload: payload + [0]) }
    }

    @Test func `every kind of failure crosses the wall`() throws {
        for code in ErrorCode.allCases {
            let reply = StageReply.failed(Failure(code, message: "m", detail: "d"))
            let (kind, payload) = try #require(try frames(of: reply.encoded()).first)
            #expect(try StageReply(kind: kind, payload: payload) == reply)
        }
    }
}

/// The whole frames in `bytes`.
func frames(of bytes: [UInt8]) throws(WireError) -> [(kind: UInt8, payload: ArraySlice<UInt8>)] {
    var reader = FrameReader()
    reader.append(bytes[...])
    var frames: [(kind: UInt8, payload: ArraySlice<UInt8>)] = []
    while let frame = try reader.next() { frames.append(frame) }
    return frames
}
