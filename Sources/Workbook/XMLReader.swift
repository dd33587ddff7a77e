import CWorkbook

/// Takes what an ``XMLReader`` meets. Each method may fail the reading by a ``WorkbookError``.
class XMLVisitor {
    /// Why the reading is to end; set by whoever calls the visitor's own parts.
    final var failure: WorkbookError?
    /// Set to have the reader come back before it reads on.
    final var isToPause = false

    /// An element begins; its root stands at depth 1.
    func begin(_ name: XMLName, _ attributes: XMLAttributes, depth: Int) {}
    func text(_ bytes: UnsafeRawBufferPointer) {}
    func end(_ name: XMLName, depth: Int) {}
}

/// Reads one XML file of a workbook, piece by piece, and tells its visitor.
///
/// A document type is refused, and with it every entity but the five that need none.
final class XMLReader {
    private static let pieceLength = 64 << 10

    private let stream: ZipStream
    private let name: String
    private let visitor: XMLVisitor
    private let parser: XML_Parser
    /// What the parser's memory is counted by.
    private let memory: UnsafeMutablePointer<cworkbook_memory>
    private var depth = 0
    private var fed = 0
    private var isAtEnd = false
    private var isPaused = false
    private var failure: WorkbookError?

    init(_ stream: ZipStream, name: String, visitor: XMLVisitor) throws(WorkbookError) {
        let memory = UnsafeMutablePointer<cworkbook_memory>.allocate(capacity: 1)
        memory.initialize(to: cworkbook_memory(left: WorkbookLimits.parser))
        guard let parser = cworkbook_parser(memory) else {
            memory.deallocate()
            throw .damaged(attempt: "read \(name): no memory for it")
        }
        self.memory = memory
        self.stream = stream
        self.name = name
        self.visitor = visitor
        self.parser = parser
        XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
        XML_SetElementHandler(
            parser,
            { reader, name, attributes in
                guard let name, let attributes else { return }
                XMLReader.of(reader) { $0.begin(name, attributes) }
            },
            { reader, name in
                guard let name else { return }
                XMLReader.of(reader) { $0.end(name) }
            })
        XML_SetCharacterDataHandler(parser) { reader, bytes, count in
            let text = UnsafeRawBufferPointer(start: bytes, count: Int(count))
            XMLReader.of(reader) { $0.text(text) }
        }
        XML_SetStartDoctypeDeclHandler(parser) { reader, _, _, _, _ in
            XMLReader.of(reader) { $0.refuseDocumentType() }
        }
    }

    deinit {
        XML_ParserFree(parser)
        memory.deallocate()
    }

    /// Packed bytes read so far, and all there are.
    var progress: (done: Int, total: Int) { stream.progress }

    /// Reads the whole file.
    static func read(
        _ stream: ZipStream, name: String, visitor: XMLVisitor
    ) throws(WorkbookError) {
        let reader = try XMLReader(stream, name: name, visitor: visitor)
        while try reader.advance() {}
    }

    /// Reads on until the visitor wants to pause; false at the end.
    func advance() throws(WorkbookError) -> Bool {
        cworkbook_take_from(memory)
        while true {
            let status: XML_Status
            if isPaused {
                isPaused = false
                status = XML_ResumeParser(parser)
            } else if isAtEnd {
                return false
            } else {
                status = try feed()
            }
            if let failure { throw failure }
            switch status {
            case XML_STATUS_SUSPENDED:
                isPaused = true
                return true
            case XML_STATUS_OK:
                // What expat holds back is a tag whose end has not come.
                guard fed - Int(XML_GetCurrentByteIndex(parser)) <= WorkbookLimits.tag else {
                    throw .damaged(attempt: "read \(name): a tag without end")
                }
            default:
                let reason = XML_ErrorString(XML_GetErrorCode(parser)).map { String(cString: $0) }
                throw .damaged(attempt: "read \(name): \(reason ?? "no XML")")
            }
        }
    }

    private func feed() throws(WorkbookError) -> XML_Status {
        guard let buffer = XML_GetBuffer(parser, Int32(Self.pieceLength)) else {
            throw .damaged(attempt: "read \(name): its names and tags take too much memory")
        }
        let count = try stream.read(
            into: UnsafeMutableRawBufferPointer(start: buffer, count: Self.pieceLength))
        isAtEnd = count < Self.pieceLength
        fed += count
        return XML_ParseBuffer(parser, Int32(count), isAtEnd ? 1 : 0)
    }

    // MARK: - What expat calls

    /// Calls `body` without holding the reader once more: it lives for as long as expat calls, and there
    /// are millions of calls.
    @inline(__always)
    private static func of(_ pointer: UnsafeMutableRawPointer?, _ body: (XMLReader) -> Void) {
        guard let pointer else { preconditionFailure("expat gives back what it was given") }
        Unmanaged<XMLReader>.fromOpaque(pointer)._withUnsafeGuaranteedRef(body)
    }

    private func refuseDocumentType() {
        fail(.damaged(attempt: "read \(name): it has a document type"))
    }

    private func begin(
        _ name: UnsafePointer<CChar>, _ attributes: UnsafeMutablePointer<UnsafePointer<CChar>?>
    ) {
        depth += 1
        guard depth <= WorkbookLimits.depth else {
            return fail(.damaged(attempt: "read \(self.name): elements too deep in each other"))
        }
        visitor.begin(XMLName(name), XMLAttributes(list: attributes), depth: depth)
        obeyVisitor()
    }

    private func text(_ bytes: UnsafeRawBufferPointer) {
        visitor.text(bytes)
        obeyVisitor()
    }

    private func end(_ name: UnsafePointer<CChar>) {
        visitor.end(XMLName(name), depth: depth)
        depth -= 1
        obeyVisitor()
    }

    @inline(__always)
    private func obeyVisitor() {
        if visitor.isToPause {
            visitor.isToPause = false
            if visitor.failure == nil { XML_StopParser(parser, XML_Bool(1)) }
        }
        if let failure = visitor.failure { fail(failure) }
    }

    private func fail(_ error: WorkbookError) {
        guard failure == nil else { return }
        failure = error
        XML_StopParser(parser, XML_Bool(0))
    }
}
