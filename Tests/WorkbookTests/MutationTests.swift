import Testing

@testable import Workbook

/// Workbooks with bytes changed by chance: each is read or refused, and none brings the reader down.
@Suite struct MutationTests {
    private static let limits = WorkbookLimits(
        sharedText: 1 << 20, part: 8 << 20, parts: 16 << 20, unordered: 10_000)

    @Test func `a damaged XLS hurts nobody`() {
        var maker = XLSMaker(
            XLSMaker.shared(0, 0, 0), XLSMaker.shared(0, 1, 1), XLSMaker.label(1, 0, "한글"),
            XLSMaker.number(2, 0, 45_322, format: 1), XLSMaker.number(1, 1, 0.5))
        maker.isSmall = true
        maker.globals = [0, 14].flatMap {
            XLSMaker.record(0xe0, XLSMaker.words(0, $0) + [0, 0])
        }
        maker.tail = XLSMaker.texts(
            count: 2, XLSMaker.words(4) + [0] + Array("ab".utf8),
            [1] + XLSMaker.wide("가나") + XLSMaker.words(1) + [0, 0x43])
        mutate(maker.bytes, rounds: 20_000)
    }

    @Test func `a damaged XLSX hurts nobody`() {
        var maker = XLSXMaker(
            #"<row><c t="s"><v>0</v></c><c s="1"><v>45322.5</v></c></row>"#
                + #"<row r="4"><c r="C4" t="inlineStr"><is><r><t>한글_x0041_</t></r></is></c></row>"#)
        maker.sharedTexts = "<si><t>이름</t></si>"
        maker.styles = #"<cellXfs><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs>"#
        mutate(maker.bytes, rounds: 5000)
        // Where nothing is packed, changes reach the XML.
        var zip = maker.zip
        var seedling = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0 ... .max, using: &seedling)
        var random = SeededGenerator(seed)
        print("seed \(seed)")
        for _ in 0..<5000 {
            let index = Int.random(in: 0..<zip.files.count, using: &random)
            let kept = zip.files[index].content
            zip.files[index].content = changed(kept, &random)
            _ = ending(of: zip.bytes, limits: Self.limits)
            zip.files[index].content = kept
        }
    }

    private func mutate(_ bytes: [UInt8], rounds: Int) {
        #expect(ending(of: bytes, limits: Self.limits) == .whole)
        var seedling = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0 ... .max, using: &seedling)
        var random = SeededGenerator(seed)
        print("seed \(seed)")
        for _ in 0..<rounds { _ = ending(of: changed(bytes, &random), limits: Self.limits) }
    }

    private func changed(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0 ... .max, using: &random)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2:
                bytes[place] = [0, 1, 0x7f, 0x80, 0xfe, 0xff].randomElement(using: &random) ?? 0
            case 3: bytes.removeSubrange(place..<min(bytes.count, place + 9))
            case 4: bytes.insert(contentsOf: bytes[place...].prefix(17), at: place)
            default: bytes.removeSubrange(max(1, bytes.count - 3)...)
            }
        }
        return bytes
    }
}
