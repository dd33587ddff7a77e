import Codes
import Foundation
import TestSupport
import Testing

/// Pictures of codes, read by another program than the one that drew them.
@Suite struct QRPictureTests {
    /// As long as a token, and of the characters that one has.
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

    private static func token(_ seed: Int) -> String {
        String((0..<48).map { alphabet[($0 * 7 + seed * 13 + $0 * seed) % alphabet.count] })
    }

    @Test(arguments: [0, 1, 2, 5, 63])
    func `a picture is read back as its text`(seed: Int) throws {
        let token = Self.token(seed)
        let folder = try TemporaryFolder()
        let file = folder.path + "/code.png"
        try Data(try QRPicture.png(of: token)).write(to: URL(filePath: file))
        #expect(try ScannedCode(in: file).text == token)
    }

    @Test func `the same text gives the same picture, another text another`() throws {
        let picture = try QRPicture.png(of: Self.token(1))
        #expect(try picture == QRPicture.png(of: Self.token(1)))
        #expect(try picture != QRPicture.png(of: Self.token(2)))
        // A thousand of them are a file each.
        #expect(picture.count < 1024)
    }

    @Test func `a picture is as wide as it is high, with a margin of white`() throws {
        let picture = try QRPicture.png(of: Self.token(3))
        func number(at offset: Int) -> Int {
            picture[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) }
        }
        // 33 modules of a code of version 4, four of margin on each side, eight pixels each.
        #expect(number(at: 16) == (33 + 8) * 8 && number(at: 20) == number(at: 16))
        // A bit for each pixel, without colour.
        #expect(Array(picture[24..<29]) == [1, 0, 0, 0, 0])
    }

    @Test func `a text that no code holds is refused`() {
        #expect(throws: QRError.self) { try QRPicture.png(of: String(repeating: "x", count: 4000)) }
        #expect(throws: QRError.self) { try QRPicture.png(of: "") }
    }
}
