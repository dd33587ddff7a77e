import CCodes
import Glibc
import Rules

/// A text as a QR code: a picture that can be printed, or shown, as it is.
///
/// Black on white, a bit for each pixel, with the margin that readers want; a seventh of it may be damaged.
/// Rule: ISO/IEC 18004, sections 5.3.8 and 6.5; Portable Network Graphics (Third Edition).
public enum QRPicture {
    public static let mediaType = "image/png"

    /// Pixels of a module's side: as many as a byte of the picture has bits.
    private static let modulePixels = 8
    /// Modules of white around the code.
    private static let margin = 4

    /// Draws a text of ASCII as a PNG; the same text always gives the same bytes.
    public static func png(of text: String) throws(QRError) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard let code = QRcode_encodeData(Int32(bytes.count), bytes, 0, QR_ECLEVEL_M) else {
            throw .notEncoded(errno: errno)
        }
        defer { QRcode_free(code) }
        let width = Int(code.pointee.width)
        let modules = UnsafeBufferPointer(start: code.pointee.data, count: width * width)
        return try png(side: width + 2 * margin) { row, column in
            let (row, column) = (row - margin, column - margin)
            guard (0..<width).contains(row), (0..<width).contains(column) else { return false }
            // The lowest bit says whether it is dark.
            return modules[row * width + column] & 1 == 1
        }
    }

    /// - Parameters:
    ///   - side: in modules.
    ///   - isDark: of the module in a row and a column.
    private static func png(
        side: Int, isDark: (_ row: Int, _ column: Int) -> Bool
    ) throws(QRError) -> [UInt8] {
        var lines: [UInt8] = []
        lines.reserveCapacity(side * modulePixels * (side + 1))
        for row in 0..<side {
            lines.append(Filter.none.rawValue)
            for column in 0..<side { lines.append(isDark(row, column) ? 0x00 : 0xff) }
            for _ in 1..<modulePixels {
                // No different from the line above.
                lines.append(Filter.up.rawValue)
                lines.append(contentsOf: repeatElement(0, count: side))
            }
        }
        let pixels = UInt32(side * modulePixels)
        let bitDepth: UInt8 = 1
        // Grey; packing, filters and order of lines as everywhere.
        let looks: [UInt8] = [bitDepth, 0, 0, 0, 0]
        var picture: [UInt8] = [0x89] + Array("PNG\r\n\u{1a}\n".utf8)
        append("IHDR", bigEndian(pixels) + bigEndian(pixels) + looks, to: &picture)
        append("IDAT", try packed(lines), to: &picture)
        append("IEND", [], to: &picture)
        return picture
    }

    private enum Filter: UInt8 {
        case none = 0
        case up = 2
    }

    private static func append(_ kind: String, _ content: [UInt8], to picture: inout [UInt8]) {
        let named = Array(kind.utf8) + content
        picture += bigEndian(UInt32(content.count)) + named
        picture += bigEndian(UInt32(truncatingIfNeeded: crc32(0, named, UInt32(named.count))))
    }

    private static func packed(_ bytes: [UInt8]) throws(QRError) -> [UInt8] {
        var length = compressBound(UInt(bytes.count))
        var packed = [UInt8](repeating: 0, count: Int(length))
        let code = compress2(
            &packed, &length, bytes, UInt(bytes.count), Z_DEFAULT_COMPRESSION)
        guard code == Z_OK else { throw .notPacked(code: code) }
        packed.removeSubrange(Int(length)...)
        return packed
    }

    private static func bigEndian(_ number: UInt32) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}

/// Why a text has no picture. Tokens all have the same length: only memory can be lacking.
public enum QRError: DocumentError, Hashable {
    case notEncoded(errno: Int32)
    /// What zlib says.
    case notPacked(code: Int32)

    public var failure: Failure {
        let detail =
            switch self {
            case .notEncoded(let errno): "lay out a QR code: \(String(cString: strerror(errno)))"
            case .notPacked(let code): "pack a QR code's picture: zlib says \(code)"
            }
        return Failure(
            .internalError,
            message: "QR codes could not be drawn: something went wrong within ingestd. If its "
                + "further attempts fail too, tell whoever runs it.",
            detail: detail)
    }
}
