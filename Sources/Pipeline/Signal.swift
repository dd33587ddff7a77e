import Rules

/// Wakes the one task that waits for it; a call that comes while nobody waits is remembered, once.
final class Signal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Wakes the waiting task, or the next that waits.
    func raise() { continuation.yield() }

    /// Returns once the signal is raised or the time is over.
    ///
    /// - Parameter timeout: nil waits for the signal alone.
    /// - Returns: false when the task was cancelled: there is nothing more to wait for.
    func wait(atMost timeout: Duration? = nil) async -> Bool {
        async let _ = ring(after: timeout)
        var signals = stream.makeAsyncIterator()
        return await signals.next() != nil
    }

    private func ring(after timeout: Duration?) async {
        guard let timeout else { return }
        do {
            try await QuietClock().sleep(for: timeout)
            raise()
        } catch {
            // Cancelled: the signal itself came first.
        }
    }
}
