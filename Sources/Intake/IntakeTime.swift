import Glibc
import Rules

/// The two clocks of intake: one that only moves on, for waits, and the calendar's, for what people
/// read.
struct IntakeTime: Sendable {
    /// Since intake began.
    let elapsed: @Sendable () -> Duration
    /// Returns after the wait, or when cancelled.
    let pause: @Sendable (Duration) async -> Void
    let calendar: @Sendable () -> Timestamp

    init<C: Clock<Duration>>(_ clock: C, calendar: @escaping @Sendable () -> Timestamp) {
        let start = clock.now
        elapsed = { start.duration(to: clock.now) }
        pause = { wait in
            do {
                try await clock.sleep(until: clock.now.advanced(by: wait), tolerance: nil)
            } catch {
                // Cancelled: whoever waited has something else to do.
            }
        }
        self.calendar = calendar
    }

    /// The system's calendar.
    static let systemCalendar: @Sendable () -> Timestamp = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// What the calendar will show at a moment counted since intake began.
    func calendar(at moment: Duration) -> Timestamp { calendar() + (moment - elapsed()) }
}
