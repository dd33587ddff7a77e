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

/// Reads one XML file of a workbook as its pieces come, and tells its visitor.
///
/// A document type is refused, and with it every entity but the five that need none.
final class XMLReader {
    private static let pieceLength = 64 << 10

    private let name: String
    private let visitor: XMLVisitor
    private let parser: XML_Parser
    /// What the parser's memory is counted by.
    private let memory: UnsafeMutablePointer<cworkbook_memory>
    private var depth = 0
    private var fed = 0
    private var isInSection = false
    /// Whether the bytes are UTF-8, as far as the file says.
    private(set) var isUTF8 = true
    /// Whether the visitor wanted to pause, and the rest of the piece waits.
    private(set) var isPaused = false
    private var failure: WorkbookError?

    init(name: String, visitor: XMLVisitor) throws(WorkbookError) {
        let memory = UnsafeMutablePointer<cworkbook_memory>.allocate(capacity: 1)
        memory.initialize(to: cworkbook_memory(left: WorkbookLimits.parser))
        guard let parser = cworkbook_parser(memory) else {
            memory.deallocate()
            throw .damaged(attempt: "read \(name): no memory for it")
        }
        self.memory = memory
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
        XML_SetCdataSectionHandler(
            parser, { reader in XMLReader.of(reader) { $0.isInSection = true } },
            { reader in XMLReader.of(reader) { $0.isInSection = false } })
        XML_SetXmlDeclHandler(parser) { reader, _, encoding, _ in
            XMLReader.of(reader) {
                $0.isUTF8 = encoding.map { String(cString: $0).lowercased() == "utf-8" } ?? true
            }
        }
        XML_SetStartDoctypeDeclHandler(parser) { reader, _, _, _, _ in
            XMLReader.of(reader) { $0.refuseDocumentType() }
        }
    }

    deinit {
        XML_ParserFree(parser)
        memory.deallocate()
    }

    /// Reads a whole file without a pause.
    static func read(
        _ stream: ZipStream, name: String, visitor: XMLVisitor
    ) throws(WorkbookError) {
        let reader = try XMLReader(name: name, visitor: visitor)
        let piece = UnsafeMutableRawBufferPointer.allocate(
            byteCount: pieceLength, alignment: 16)
        defer { piece.deallocate() }
        var isLast = false
        while !isLast {
            let count = try stream.read(into: piece)
            isLast = count < piece.count
            try reader.read(UnsafeRawBufferPointer(rebasing: piece[..<count]), isLast: isLast)
            while reader.isPaused { try reader.resume() }
        }
    }

    /// Reads a piece, which may end anywhere, to its end or to where the visitor wants to pause.
    func read(_ piece: UnsafeRawBufferPointer, isLast: Bool) throws(WorkbookError) {
        fed += piece.count
        cworkbook_take_from(memory)
        let bytes = piece.baseAddress?.assumingMemoryBound(to: CChar.self)
        try settle(XML_Parse(parser, bytes, Int32(piece.count), isLast ? 1 : 0))
    }

    /// Reads on behind a pause.
    func resume() throws(WorkbookError) {
        cworkbook_take_from(memory)
        try settle(XML_ResumeParser(parser))
    }

    /// Whether the pieces so far were read to their last byte, and a tag that comes now is one: it does
    /// not stand in another, in a comment or in a section of characters.
    var isBetweenTags: Bool {
        !isPaused && !isInSection && Int(XML_GetCurrentByteIndex(parser)) == fed
    }

    private func settle(_ status: XML_Status) throws(WorkbookError) {
        if let failure { throw failure }
        isPaused = status == XML_STATUS_SUSPENDED
        switch status {
        case XML_STATUS_SUSPENDED:
            break
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
