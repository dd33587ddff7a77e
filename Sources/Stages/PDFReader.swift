import CMuPDF
import Rules

/// MuPDF over one blob: every call that may fail throws, and none leaves memory behind.
final class PDFReader {
    private let reader: OpaquePointer
    /// Kept for as long as MuPDF may call it.
    private var signs: LifeSigns?

    /// Throws ``StageError/memoryExceeded(attempt:)`` where the limit does not even hold an empty
    /// reader.
    init(memoryLimit: ByteCount) throws(StageError) {
        guard let reader = mupdf_new(Int(memoryLimit.bytes)) else {
            throw .memoryExceeded(attempt: "start MuPDF")
        }
        self.reader = reader
    }

    deinit { mupdf_free(reader) }

    /// Where allocations end from now on.
    func setMemoryLimit(_ limit: ByteCount) { mupdf_set_memory_limit(reader, Int(limit.bytes)) }

    /// What MuPDF has taken.
    var memoryUsed: ByteCount { ByteCount(Int(mupdf_memory_used(reader))) }

    /// Loads what documents that bring no fonts along are shown in.
    func loadFonts() throws(StageError) { try check("load fonts") { mupdf_load_fonts(reader) } }

    /// Forgets the document; another may then be opened.
    func close() { mupdf_close(reader) }

    /// Opens the blob; no other may be open. The descriptor stays open and its offset where it is.
    func open(descriptor: Int32, length: ByteCount) throws(StageError) {
        try check("open PDF") { mupdf_open(reader, descriptor, length.bytes) }
    }

    /// Whether the cross-reference table had to be rebuilt.
    var wasRepaired: Bool { mupdf_was_repaired(reader) != 0 }

    /// `1.7` for instance; nil where the file names none.
    var version: String? {
        let version = Int(mupdf_version(reader))
        return version > 0 ? "\(version / 10).\(version % 10)" : nil
    }

    /// How the file is encrypted; nil where it is not.
    func protection() throws(StageError) -> PDFProtection? {
        var protection = mupdf_protection()
        try check("read encryption") { mupdf_protection_of(reader, &protection) }
        guard protection.version != 0, let method = protection.method else { return nil }
        return PDFProtection(
            method: String(cString: method), bits: Int(protection.bits),
            revision: Int(protection.revision), permissions: protection.permissions)
    }

    func trailer() throws(StageError) -> PDFObject {
        var object: OpaquePointer?
        try check("read trailer") { mupdf_trailer(reader, &object) }
        guard let object else { throw .corrupt(attempt: "read trailer") }
        return PDFObject(object, in: self)
    }

    /// Corrects the count that the page tree states of itself.
    func setPageCount(_ count: Int) throws(StageError) {
        try check("count pages") { mupdf_set_page_count(reader, Int32(count)) }
    }

    func loadPageTree() throws(StageError) {
        try check("read page tree") { mupdf_load_page_tree(reader) }
    }

    /// Points, as the page is turned; pages are counted from zero.
    func pageSize(_ page: Int) throws(StageError) -> (width: Float, height: Float) {
        var size: (Float, Float) = (0, 0)
        try check("measure page \(page + 1)") {
            withUnsafeMutablePointer(to: &size) {
                $0.withMemoryRebound(to: Float.self, capacity: 2) {
                    mupdf_page_size(reader, Int32(page), $0)
                }
            }
        }
        return size
    }

    /// Puts the page's text into the output, as much as there is; answers with what ended it early.
    func readText(page: Int) -> StageError? {
        trial("read page \(page + 1)") { mupdf_page_text(reader, Int32(page)) }
    }

    /// Puts the page's picture into the output, as much as could be drawn: nothing where not even a
    /// page could be had. Answers with what ended it early.
    func draw(page: Int, width: Int, height: Int, quality: Int) -> StageError? {
        trial("draw page \(page + 1)") {
            mupdf_page_picture(reader, Int32(page), Int32(width), Int32(height), Int32(quality))
        }
    }

    /// Forgets the bytes that an earlier call put out.
    func clearOutput() { mupdf_clear_output(reader) }

    /// Lends the bytes that the last call put out.
    func withOutput<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows
        -> Result
    {
        var length = 0
        let bytes = mupdf_output(reader, &length)
        return try body(UnsafeBufferPointer(start: bytes, count: length))
    }

    /// From now on whatever takes long tells these, once in a while, that it is at work.
    func tellOfWork(_ signs: LifeSigns, every interval: Duration) {
        self.signs = signs
        let listener = Unmanaged.passUnretained(signs).toOpaque()
        mupdf_set_sign(
            reader,
            { listener in
                guard let listener else { return }
                Unmanaged<LifeSigns>.fromOpaque(listener).takeUnretainedValue().tell()
            }, listener, Int(interval.wholeMilliseconds))
    }

    /// From now on pages are broken off once the time has passed; nil lifts that.
    func setDeadline(_ wait: Duration?) {
        let milliseconds = wait.map { max(1, $0.wholeMilliseconds) } ?? 0
        let code = mupdf_set_deadline(reader, Int(milliseconds))
        precondition(code == 0, "one timer with a valid time can always be had")
    }

    var deadlinePassed: Bool { mupdf_deadline_passed(reader) != 0 }

    // MARK: Objects

    fileprivate func child(
        _ attempt: String, _ call: (inout OpaquePointer?) -> mupdf_code
    ) throws(StageError) -> PDFObject? {
        var object: OpaquePointer?
        try check(attempt) { call(&object) }
        return object.map { PDFObject($0, in: self) }
    }

    fileprivate var pointer: OpaquePointer { reader }

    fileprivate func check(_ attempt: String, _ call: () -> mupdf_code) throws(StageError) {
        if let error = trial(attempt, call) { throw error }
    }

    private func trial(_ attempt: String, _ call: () -> mupdf_code) -> StageError? {
        var code = call()
        if code == MUPDF_REPAIRED { code = call() }
        switch code {
        case MUPDF_OK: return nil
        case MUPDF_OUT_OF_MEMORY: return .memoryExceeded(attempt: attempt)
        case MUPDF_LOCKED: return .encrypted
        case MUPDF_INCOMPLETE: return .incomplete(attempt: attempt)
        // A second repair in a row means that repairing does not help.
        default: return .corrupt(attempt: attempt)
        }
    }
}

/// The encryption of a document that its own empty password opens.
struct PDFProtection: Hashable {
    /// The cipher's name: `RC4`, `AESv2`, `AESv3`.
    var method: String
    /// Bits of the key.
    var bits: Int
    var revision: Int
    /// The permission bits. Rule: ISO 32000-1, table 22.
    var permissions: Int32
}

/// One object of a PDF, held while this lives.
final class PDFObject {
    enum Kind {
        case integer(Int64)
        case array(count: Int)
        case dictionary, string, name, other
    }

    private let object: OpaquePointer
    private let reader: PDFReader

    fileprivate init(_ object: OpaquePointer, in reader: PDFReader) {
        self.object = object
        self.reader = reader
    }

    deinit { mupdf_give_back(reader.pointer, object) }

    /// What it is, and the number under which the file knows it: nil where it stands in its parent
    /// itself.
    func description() throws(StageError) -> (kind: Kind, number: Int?) {
        var value = mupdf_value()
        try reader.check("read object") { mupdf_describe(reader.pointer, object, &value) }
        let number = value.object_number > 0 ? Int(value.object_number) : nil
        switch value.kind {
        case MUPDF_INTEGER: return (.integer(value.integer), number)
        case MUPDF_ARRAY: return (.array(count: Int(value.count)), number)
        case MUPDF_DICTIONARY: return (.dictionary, number)
        case MUPDF_STRING: return (.string, number)
        case MUPDF_NAME: return (.name, number)
        default: return (.other, number)
        }
    }

    /// The value of a dictionary's key; nil where there is none, or no dictionary.
    subscript(key: String) -> PDFObject? {
        get throws(StageError) {
            try reader.child("read \(key)") { mupdf_member(reader.pointer, object, key, &$0) }
        }
    }

    /// An array's element, counted from zero; nil where there is none, or no array.
    subscript(index: Int) -> PDFObject? {
        get throws(StageError) {
            try reader.child("read array") {
                mupdf_element(reader.pointer, object, Int32(index), &$0)
            }
        }
    }

    /// A string's or a name's characters, trimmed, at most `limit`; nil where nothing is left.
    func text(limit: Int) throws(StageError) -> String? {
        switch try description().kind {
        case .string, .name: break
        case .integer, .array, .dictionary, .other: return nil
        }
        try reader.check("read text") { mupdf_text_of(reader.pointer, object) }
        return reader.withOutput { bytes in
            let text = String(decoding: bytes.prefix(limit * 4), as: UTF8.self)
            let scalars = text.unicodeScalars
            let isBlank = { (scalar: Unicode.Scalar) in
                scalar.properties.isWhitespace || scalar.value < 0x20
            }
            guard let first = scalars.firstIndex(where: { !isBlank($0) }),
                let last = scalars.lastIndex(where: { !isBlank($0) })
            else { return nil }
            return String(String.UnicodeScalarView(scalars[first...last].prefix(limit)))
        }
    }

    /// The page, counted from zero, to which this destination leads; nil where to none.
    func destinationPage() throws(StageError) -> Int? {
        var page: Int32 = -1
        try reader.check("follow destination") {
            mupdf_destination(reader.pointer, object, &page)
        }
        return page >= 0 ? Int(page) : nil
    }
}
