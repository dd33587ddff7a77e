import Rules
import Testing

@Suite struct StageRatesTests {
    private static let pdf = DocumentExtent(size: .megabytes(1), pages: 100)
    private static let table = DocumentExtent(size: .megabytes(73), pages: nil)

    private func text(_ rates: StageRates, pages: Int) -> Double {
        rates.seconds(of: .text, over: DocumentExtent(size: .megabytes(1), pages: pages))
    }

    @Test func `before anything was measured the figures of the benchmarks count`() {
        let rates = StageRates()
        #expect((0.4...0.6).contains(text(rates, pages: 1000)))
        #expect((4.0...6.0).contains(rates.seconds(of: .tableImport, over: Self.table)))
        #expect(rates.seconds(of: .store, over: Self.table) == 0)
    }

    @Test func `a PDF that has not told its pages is taken by its size`() {
        let rates = StageRates()
        func seconds(_ size: ByteCount) -> Double {
            rates.seconds(of: .text, over: DocumentExtent(size: size, pages: nil))
        }
        #expect(seconds(.zero) > 0)
        #expect(seconds(.megabytes(500)) > 100 * seconds(.zero))
    }

    @Test func `to publish many pictures says little of publishing few files`() {
        var rates = StageRates()
        let small = rates.seconds(of: .publish, over: Self.pdf)
        let many = DocumentExtent(size: .megabytes(1), pages: 20_000, pictures: 20_000)
        #expect(rates.seconds(of: .publish, over: many) > 100 * small)
        for _ in 0..<40 { rates.learn(.publish, over: many, took: 5) }
        #expect((small / 2...small * 2).contains(rates.seconds(of: .publish, over: Self.pdf)))
        #expect(abs(rates.seconds(of: .publish, over: many) - 5) < 0.1)
    }

    @Test func `a rate comes nearer to what is measured, and the last runs count most`() {
        var rates = StageRates()
        var told: [Double] = []
        for _ in 0..<40 {
            rates.learn(.text, over: Self.pdf, took: 0.2)
            told.append(rates.seconds(of: .text, over: Self.pdf))
        }
        #expect(told == told.sorted())
        #expect(abs(told[39] - 0.2) < 0.01)
        for _ in 0..<40 { rates.learn(.text, over: Self.pdf, took: 0.05) }
        #expect(abs(rates.seconds(of: .text, over: Self.pdf) - 0.05) < 0.01)
        #expect(
            rates.seconds(of: .info, over: Self.pdf)
                == StageRates().seconds(of: .info, over: Self.pdf), "each stage has its own")
    }

    @Test func `one run that took far too long does not spoil the rate`() {
        var rates = StageRates()
        let before = text(rates, pages: 100)
        rates.learn(.text, over: Self.pdf, took: 1e6)
        #expect(text(rates, pages: 100) < 2 * before)
    }

    @Test(arguments: [0.0, -1, .infinity, .nan])
    func `no measurement leaves a stage without a cost`(seconds: Double) {
        var rates = StageRates()
        for _ in 0..<1000 { rates.learn(.text, over: Self.pdf, took: seconds) }
        let after = rates.seconds(of: .text, over: Self.pdf)
        #expect(after > 0 && after.isFinite)
    }
}
