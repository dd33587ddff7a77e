import Testing

@testable import WorkerProtocol

@Suite struct FrameReaderTests {
    /// Three frames: one without a payload, one short, one long.
    private static let stream: [UInt8] =
        Frame.encode(kind: 1, payload: []) + Frame.encode(kind: 2, payload: [1, 2, 3])
        + Frame.encode(kind: 255, payload: [UInt8](repeating: 7, count: 300))

    @Test func `however the bytes are cut, the same frames come out`() throws {
        let whole = try frames(of: Self.stream)
        #expect(whole.map(\.kind) == [1, 2, 255])
        for size in 1...Self.stream.count {
            var reader = FrameReader()
            var kinds: [UInt8] = []
            var payloads: [[UInt8]] = []
            for start in stride(from: 0, to: Self.stream.count, by: size) {
                reader.append(Self.stream[start..<min(start + size, Self.stream.count)])
                while let frame = try reader.next() {
                    kinds.append(frame.kind)
                    payloads.append(Array(frame.payload))
                }
            }
            #expect(kinds == whole.map(\.kind), "chunks of \(size)")
            #expect(payloads == whole.map { Array($0.payload) }, "chunks of \(size)")
            #expect(!reader.isMidFrame)
        }
    }

    @Test func `a stream that ends within a frame is seen to`() throws {
        for length in 0..<Self.stream.count {
            var reader = FrameReader()
            reader.append(Self.stream.prefix(length))
            while try reader.next() != nil {}
            // The frames have 5, 8 and 305 bytes.
            #expect(reader.isMidFrame == ![0, 5, 13].contains(length), "\(length) bytes")
        }
    }

    @Test(
        arguments: [
            [0, 0, 0, 0, 1], [255, 255, 255, 255, 1], [2, 0, 128, 0, 1],
        ] as [[UInt8]])
    func `a length that no frame can have ends the conversation`(header: [UInt8]) {
        #expect(throws: WireError.self) { try frames(of: header) }
    }

    @Test func `the longest payload is taken, a byte more is not`() throws {
        let longest = [UInt8](repeating: 9, count: Frame.payloadLimit)
        let frame = Frame.encode(kind: 3, payload: longest)
        #expect(try frames(of: frame).first?.payload.count == Frame.payloadLimit)
        // Length and kind of a frame whose payload is one byte longer.
        let length = UInt32(Frame.payloadLimit + 2)
        let header = withUnsafeBytes(of: length.littleEndian, Array.init) + [3]
        #expect(throws: WireError.self) { try frames(of: header) }
    }
}
