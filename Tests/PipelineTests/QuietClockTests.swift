import Pipeline
import Testing

/// The clock that the daemon sleeps by.
@Suite(.timeLimit(.minutes(5))) struct QuietClockTests {
    let clock = QuietClock()

    @Test(arguments: [Duration.zero, .milliseconds(-5), .milliseconds(20)])
    func `a sleeper wakes once its time has come, and no earlier`(wait: Duration) async throws {
        let begin = clock.now
        try await clock.sleep(for: wait)
        #expect(clock.now - begin >= wait)
    }

    @Test func `many sleep side by side, each as long as it asked for`() async throws {
        let woken = try await withThrowingTaskGroup { group in
            for number in [3, 1, 2] {
                group.addTask {
                    try await clock.sleep(for: .milliseconds(60 * number))
                    return number
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(woken.sorted() == [1, 2, 3])
    }

    @Test func `a sleeper that is cancelled wakes at once and says so`() async {
        let sleeper = Task { try await clock.sleep(for: .seconds(3600)) }
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
    }

    @Test func `whoever is cancelled already does not fall asleep`() async {
        let sleeper = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await clock.sleep(for: .seconds(3600))
        }
        await #expect(throws: CancellationError.self) { try await sleeper.value }
    }
}
