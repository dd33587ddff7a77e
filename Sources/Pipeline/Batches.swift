/// Works through pieces of one large task, a few side by side.
enum Batches {
    /// Returns once all are done. A task that is cancelled begins no further one, and what has begun is
    /// waited for.
    ///
    /// - Throws: `CancellationError`; else what `work` throws first.
    static func work<Batch: Sendable>(
        through batches: [Batch], lanes: Int,
        _ work: @escaping @Sendable (Batch) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<lanes {
                group.addTask {
                    for index in stride(from: lane, to: batches.count, by: lanes) {
                        try Task.checkCancellation()
                        try await work(batches[index])
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
