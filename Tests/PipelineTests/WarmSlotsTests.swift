import Testing

@testable import Pipeline

@Suite struct WarmSlotsTests {
    private let start = ContinuousClock.now

    @Test func `a slot rests after its own time, however busy the others are`() {
        var slots = WarmSlots(lingering: .seconds(1))
        slots.giveBack(1, at: start)
        // Another slot's documents come and go every half second.
        for half in 1...3 {
            let now = start + .milliseconds(500 * half)
            slots.take(0)
            slots.giveBack(0, at: now)
            #expect(slots.takeRested(at: now) == (half == 2 ? [1] : []))
        }
        #expect(slots.takeRested(at: start + .seconds(9)) == [0])
        #expect(slots.timeToNext(at: start) == nil)
    }

    @Test func `one that works again waits for nothing`() {
        var slots = WarmSlots(lingering: .seconds(1))
        slots.giveBack(0, at: start)
        slots.take(0)
        #expect(slots.timeToNext(at: start) == nil)
        #expect(slots.takeRested(at: start + .seconds(9)).isEmpty)
    }

    @Test func `the next to rest is the one that was given back first`() {
        var slots = WarmSlots(lingering: .seconds(1))
        slots.giveBack(0, at: start)
        slots.giveBack(1, at: start + .milliseconds(600))
        #expect(slots.timeToNext(at: start + .milliseconds(700)) == .milliseconds(300))
        #expect(slots.timeToNext(at: start + .seconds(5)) == .milliseconds(1), "never no time")
        #expect(slots.takeRested(at: start + .seconds(1)) == [0])
        #expect(slots.timeToNext(at: start + .seconds(1)) == .milliseconds(600))
    }
}
