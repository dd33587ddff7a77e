import Testing

@testable import Intake

/// Tasks that wait for something and may be cancelled at any moment.
@Suite(.timeLimit(.minutes(5))) struct WaitersTests {
    private let waiters = Waiters<Int>()

    private func wait() async -> Int {
        let ticket = waiters.takeTicket()
        defer { waiters.giveBack(ticket) }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiters.add($0, ticket: ticket, none: -1) }
        } onCancel: {
            waiters.cancel(ticket, none: -1)
        }
    }

    @Test func `whoever waits goes on once, whenever a cancellation comes`() async {
        let tasks = (0..<400).map { number in
            let waiting = Task { await wait() }
            // Before the wait, in its midst, or after its end: as chance has it.
            if number.isMultiple(of: 2) { waiting.cancel() }
            return waiting
        }
        let server = Task {
            while !Task.isCancelled {
                waiters.resumeAll(returning: 0)
                await Task.yield()
            }
        }
        for (number, task) in tasks.enumerated() {
            let end = await task.value
            #expect(end == 0 || (end == -1 && number.isMultiple(of: 2)))
        }
        server.cancel()
        await server.value
        #expect(waiters.isEmpty)
    }

    @Test func `what was taken out and put back is still cancelled`() async {
        let waiting = Task { await wait() }
        while waiters.isEmpty { await Task.yield() }
        guard let first = waiters.takeFirst() else {
            Issue.record("nobody else takes it")
            return
        }
        waiting.cancel()
        waiters.add(first.waiter, ticket: first.ticket, none: -1)
        #expect(await waiting.value == -1)
    }
}
