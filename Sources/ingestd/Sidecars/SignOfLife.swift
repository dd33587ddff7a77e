import FoundationEssentials

/// When somebody who works on a stage was last heard of, in words.
///
/// A status file is written when there is something to tell, so what it does not say has to be found
/// out by the clock of whoever reads it.
struct SignOfLife {
    /// The stage that runs.
    let stage: String
    /// `last sign of life 40 s ago`.
    let words: String

    /// Nil for a stage that does not run.
    init?(of stage: StatusFile.Stage, now: Date = .now) {
        guard stage.status == "processing", stage.error == nil else { return nil }
        self.stage = stage.name
        if let heard = stage.heartbeatAt.flatMap(Self.moment) {
            words = "last sign of life \(Self.age(of: heard, at: now)) ago"
        } else if let begun = stage.startedAt.flatMap(Self.moment) {
            words = "begun \(Self.age(of: begun, at: now)) ago, no sign of life yet"
        } else {
            return nil
        }
    }

    /// A moment as status files write it; nil for anything else.
    private static func moment(_ text: String) -> Date? {
        do {
            return try Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text)
        } catch {
            return nil
        }
    }

    /// `40 s`, `5 min`, `3 h`, `4 days`: never finer than anybody wants to know.
    private static func age(of moment: Date, at now: Date) -> String {
        let seconds = Int(min(1e12, max(0, now.timeIntervalSince(moment))))
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3600) h"
        default: return "\(seconds / 86_400) days"
        }
    }
}

extension StatusFile {
    /// Of each stage that runs.
    var signsOfLife: [SignOfLife] {
        guard state == "running" else { return [] }
        return (stages ?? []).compactMap { SignOfLife(of: $0) }
    }
}
