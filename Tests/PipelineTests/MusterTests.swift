import Testing

@testable import Pipeline

@Suite struct MusterTests {
    @Test func `it waits for all who are expected, and for those they bring along`() async {
        let muster = Muster(expecting: 2)
        muster.arrive()
        muster.expect(1)
        muster.arrive()
        await withTaskGroup { group in
            group.addTask { #expect(await muster.wait(atMost: nil)) }
            muster.arrive()
        }
    }

    @Test func `where nobody is expected nobody waits`() async {
        #expect(await Muster(expecting: 0).wait(atMost: nil))
    }

    @Test func `it waits no longer than it may`() async {
        #expect(await Muster(expecting: 1).wait(atMost: .milliseconds(1)))
    }
}
