import Glibc
import Rules

extension Surroundings {
    /// The real clock and real chance.
    public static func system(
        journal: @escaping Journal,
        checkpoint: @escaping @Sendable (Checkpoint, BeneathPath) -> Void = { _, _ in }
    ) -> Surroundings {
        Surroundings(
            now: {
                var time = timespec()
                clock_gettime(CLOCK_REALTIME, &time)
                return Timestamp(
                    milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
            },
            jitter: { Double.random(in: 0..<1) },
            randomBytes: Self.randomBytes,
            journal: journal, checkpoint: checkpoint)
    }

    /// Asks the kernel for eight bytes at a time.
    @Sendable private static func randomBytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            withUnsafeBytes(of: UInt64.random(in: .min ... .max)) { bytes += $0 }
        }
        return Array(bytes.prefix(count))
    }
}
