import Rules
import Testing

@testable import Intake

@Suite struct BellTests {
    let bell = Bell()
    let time = IntakeTime(ContinuousClock(), calendar: IntakeTime.systemCalendar)

    @Test func `a wait that the bell ends leaves it quiet, so that the next one waits again`() async
    {
        bell.ring()
        await bell.wait(atMost: .seconds(3600), by: time)
        #expect(!bell.isRung)
    }

    @Test func `a wait whose time is over leaves it quiet too`() async {
        await bell.wait(atMost: .milliseconds(1), by: time)
        #expect(!bell.isRung)
    }

    @Test func `a bell that was rung twice wakes once`() async {
        bell.ring()
        bell.ring()
        await bell.wait()
        #expect(!bell.isRung)
    }
}
