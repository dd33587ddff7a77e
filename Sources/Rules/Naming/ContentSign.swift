/// What the first bytes of a file show it to be.
enum ContentSign: Sendable, Hashable {
    case pdf
    /// Office's older container: an XLS workbook, or an encrypted XLSX one.
    case oldOffice
    /// A ZIP archive, as every XLSX workbook is one.
    case zip
    case webPage
    /// Something else that is known: a noun for people, with its article.
    case other(String)
    /// Nothing known, and it reads like text in some encoding.
    case text
    /// Nothing known, and no text.
    case binary

    /// How far into a file a PDF's header may reach, in bytes.
    static let pdfHeaderReach = 1024
    /// The same where the name promises a table, which may speak of such headers in a cell.
    static let pdfHeaderReachInTable = 8

    /// Signs that stand at the very beginning.
    private static let signs: [(bytes: [UInt8], sign: ContentSign)] = [
        ([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1], .oldOffice),
        ([0x09, 0x00, 0x04, 0x00], .oldOffice), ([0x09, 0x02, 0x06, 0x00], .oldOffice),
        ([0x09, 0x04, 0x06, 0x00], .oldOffice),
        ([0x50, 0x4b, 0x03, 0x04], .zip), ([0x50, 0x4b, 0x05, 0x06], .zip),
        ([0x50, 0x4b, 0x07, 0x08], .zip),
        ([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], .other("a PNG picture")),
        ([0xff, 0xd8, 0xff], .other("a JPEG picture")),
        (Array("GIF8".utf8), .other("a GIF picture")),
        ([0x49, 0x49, 0x2a, 0x00], .other("a TIFF picture")),
        ([0x4d, 0x4d, 0x00, 0x2a], .other("a TIFF picture")),
        ([0x1f, 0x8b], .other("a gzip archive")),
        ([0x42, 0x5a, 0x68, 0x39, 0x31, 0x41], .other("a bzip2 archive")),
        ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], .other("an xz archive")),
        ([0x28, 0xb5, 0x2f, 0xfd], .other("a Zstandard archive")),
        ([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], .other("a 7-Zip archive")),
        (Array("Rar!\u{1a}\u{07}".utf8), .other("a RAR archive")),
        ([0x7f, 0x45, 0x4c, 0x46], .other("a program")),
        (Array("SQLite format 3\0".utf8), .other("an SQLite database")),
        (Array("PAR1".utf8), .other("a Parquet file")),
        (Array("{\\rtf".utf8), .other("an RTF document")),
        (Array("%!PS".utf8), .other("a PostScript document")),
        (Array("<?xml".utf8), .other("an XML document")),
    ]
    private static let pdfHeader = Array("%PDF-".utf8)
    private static let webOpenings = ["<!doctype html", "<html"].map { Array($0.utf8) }

    /// - Parameters:
    ///   - head: the first bytes, ``KindSniffer/headLength`` at most.
    ///   - pdfReach: within how many of them the whole header of a PDF counts.
    init(head: [UInt8], pdfReach: Int = ContentSign.pdfHeaderReach) {
        if let known = Self.signs.first(where: { head.starts(with: $0.bytes) }) {
            self = known.sign
        } else if Self.beginsAsWebPage(head) {
            self = .webPage
        } else if Self.hasPDFHeader(head, reach: pdfReach) {
            self = .pdf
        } else {
            self = Self.readsAsText(head) ? .text : .binary
        }
    }

    /// What it is, for people; nil where nobody can say.
    var noun: String? {
        switch self {
        case .pdf: "a PDF"
        case .oldOffice: "an Excel workbook (XLS)"
        case .zip: "an Excel workbook (XLSX) or another ZIP archive"
        case .webPage: "a web page"
        case .other(let noun): noun
        case .text: "plain text"
        case .binary: nil
        }
    }

    private static func hasPDFHeader(_ head: [UInt8], reach: Int) -> Bool {
        let head = head.prefix(reach)
        return head.indices.contains { index in
            head[index] == pdfHeader[0] && head[index...].starts(with: pdfHeader)
        }
    }

    private static func beginsAsWebPage(_ head: [UInt8]) -> Bool {
        let opening = Array(head.drop(while: \.isBlankOrMark).prefix(16)).asciiLowercased
        return webOpenings.contains { opening.starts(with: $0) }
    }

    /// Text has hardly any control characters, though a stray NUL does not make a table a program;
    /// in UTF-16 every byte on one side of ASCII characters is NUL. Random bytes have a tenth.
    ///
    /// Zeros that fill up the file behind its text are left out; a file of nothing else is no text.
    private static func readsAsText(_ bytes: [UInt8]) -> Bool {
        let head = bytes.lastIndex { $0 != 0 }.map { bytes[...$0] } ?? bytes[...]
        if head.starts(with: [0xff, 0xfe]) || head.starts(with: [0xfe, 0xff]) { return true }
        var zeroCount = 0
        var oddZeroCount = 0
        var controlCount = 0
        head.withUnsafeBufferPointer { head in
            for index in head.indices where head[index] < 0x20 {
                switch head[index] {
                case 0x09...0x0d, 0x1b: continue
                case 0:
                    zeroCount += 1
                    oddZeroCount += index & 1
                    controlCount += 1
                default: controlCount += 1
                }
            }
        }
        let isWide =
            (oddZeroCount == 0 || oddZeroCount == zeroCount) && zeroCount * 2 <= head.count
        if (isWide ? controlCount - zeroCount : controlCount) * 12 <= head.count { return true }
        return readsAsWideText(head, high: 1) || readsAsWideText(head, high: 0)
    }

    /// Whether it reads as UTF-16 of East Asia, in which a byte by itself tells nothing: both of a
    /// character's may be what a control character is in ASCII, or zero.
    ///
    /// - Parameter high: which byte of a unit is the high one.
    private static func readsAsWideText(_ head: ArraySlice<UInt8>, high: Int) -> Bool {
        var (plainCount, endCount, oddCount) = (0, 0, 0)
        for start in stride(from: head.startIndex, to: head.endIndex - 1, by: 2) {
            switch (head[start + high], head[start + 1 - high]) {
            case (0, 0x0a), (0, 0x0d):
                endCount += 1
            case (0, 0x20..<0x7f), (0, 0x09):
                plainCount += 1
            case (0, 0..<0x20):
                oddCount += 1
            // The first of 256 kana and signs, Han or Hangul; elsewhere few are in use.
            case (0x30, 0), (0x4e...0x9f, 0), (0xac...0xd7, 0):
                break
            case (_, 0):
                oddCount += 1
            default: break
            }
        }
        // The smallest table has two delimiters and the end of a line.
        return endCount > 0 && plainCount > 1 && oddCount * 24 <= head.count
    }
}

extension UInt8 {
    /// Blank space, or a byte of the mark that UTF-8 files may begin with.
    fileprivate var isBlankOrMark: Bool {
        [0x20, 0x09, 0x0a, 0x0c, 0x0d, 0xef, 0xbb, 0xbf].contains(self)
    }
}
