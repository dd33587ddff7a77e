import Testing

@testable import Rules

@Suite struct PollPaceTests {
    let pace = PollPace(interval: .seconds(10), longest: .seconds(600))

    @Test(arguments: [
        (Duration.zero, Duration.seconds(10)),
        (.milliseconds(999), .seconds(10)),
        (.seconds(1), .seconds(10)),
        (.milliseconds(1001), .milliseconds(10_010)),
        (.seconds(30), .seconds(300)),
        (.seconds(60), .seconds(600)),
        (.seconds(3600), .seconds(600)),
    ])
    func `a slow mount rests ten times as long as it took`(taken: Duration, wait: Duration) {
        #expect(pace.wait(after: taken) == wait)
    }

    @Test func `a poll is never more frequent than it is set`() {
        let pace = PollPace(interval: .seconds(900), longest: .seconds(600))
        #expect(pace.wait(after: .zero) == .seconds(900))
        #expect(pace.wait(after: .seconds(1000)) == .seconds(900))
    }
}
