import Inbox
import Rules

/// How long what is not in order is waited for, before it is called a failure.
public struct Patience: Sendable, Hashable {
    /// With a file that has no bytes yet.
    public var empty: Duration
    /// With a name or content that does not fit: the name may be an upload's temporary one.
    public var mismatch: Duration
    /// With a file that has two names: an upload may be on its way from one to the other.
    public var secondLink: Duration

    public init(
        empty: Duration = .seconds(600), mismatch: Duration = .seconds(60),
        secondLink: Duration = .seconds(10)
    ) {
        self.empty = empty
        self.mismatch = mismatch
        self.secondLink = secondLink
    }

    /// The longest wait between two looks at a file that is still written.
    public static let writer = Settling.longestWriterWait

    /// For a run that takes what is there and ends.
    public static let once = Patience(empty: .zero, mismatch: .zero)
}

/// What opening a drop for a moment showed.
public enum Probe: Sendable, Hashable {
    case admitted(DropKind, AdmissionProof)
    /// Somebody has it open for writing; the kind is nil where it could not be taken even so.
    case stillWritten(DropKind?)
    /// Name and content do not fit, as yet.
    case mismatch(Failure)
    case refused(Failure)
    /// It is another file, or in another shape, than the look before showed.
    case changed
    /// Something else was in the way.
    case troubled(Failure)
}

/// What is to be done about a drop next.
enum SettlingDecision: Sendable, Hashable {
    case lookAgain(at: Duration, WaitReason)
    /// All that a look can show is in order: open it.
    case probe
    case ready(DropKind, AdmissionProof)
    case refused(Failure)
    case gone
    /// A folder stands there; what is in it counts, not itself.
    case folder
    /// Nothing new since it was ready or refused.
    case unchanged
}

/// Whether a drop is whole: it has rested long enough, and nobody has it open for writing.
///
/// Moments are durations since intake began. Rule: docs/design.md, "When a drop is whole".
struct Settling: Sendable {
    /// The waits that the inbox's settings ask for; one for all drops, of which there may be many.
    final class Waits: Sendable {
        let settle: Duration
        let settleWithoutProof: Duration
        /// How long a drop that is open for writing must rest; nil where that never ends the wait.
        let openWriter: Duration?
        let patience: Patience

        init(
            settle: Duration, settleWithoutProof: Duration, openWriter: Duration?,
            patience: Patience
        ) {
            self.settle = settle
            self.settleWithoutProof = settleWithoutProof
            self.openWriter = openWriter
            self.patience = patience
        }
    }

    /// A shape in which the drop rests, and since when.
    private struct Rest: Sendable, Hashable {
        var identity: DropIdentity
        var since: Duration
        /// Whether its writer was seen to finish this shape.
        var isClosed: Bool
        var hasSecondLink: Bool
        var linkedSince: Duration
        /// How often it was found open for writing since its last closing.
        var writerCount = 0

        /// Its writer has ended, and it rests from now on.
        mutating func noteClosing(at now: Duration) {
            since = now
            isClosed = true
            writerCount = 0
        }
    }

    private enum State: Sendable, Hashable {
        case unseen
        case resting(Rest)
        case settled(Rest)
        indirect case refused(Rest, Failure)
    }

    /// The first wait for a writer; each further one is twice as long, up to the longest.
    static let firstWriterWait = Duration.seconds(1)
    static let longestWriterWait = Duration.seconds(10)
    /// The wait between two looks at a file that has a second name.
    static let linkWait = Duration.seconds(1)
    /// The wait after something unforeseen was in the way.
    static let troubleWait = Duration.seconds(10)

    private let waits: Waits
    private var state = State.unseen
    private var sawClosing = false

    init(waits: Waits) { self.waits = waits }

    /// An event named the drop; `isClosing` where it says that a writer finished. A look must
    /// follow.
    mutating func noticed(isClosing: Bool) { sawClosing = sawClosing || isClosing }

    /// Decides by what stands under the name now; nil where nothing does.
    mutating func looked(_ entry: Entry?, at now: Duration) -> SettlingDecision {
        defer { sawClosing = false }
        guard let entry else {
            state = .unseen
            return .gone
        }
        switch entry.kind {
        case .folder:
            state = .unseen
            return .folder
        case .file:
            return lookedAtFile(entry, at: now)
        case .link:
            return refuseAtSight(entry, Refusal.link, at: now)
        case .special:
            return refuseAtSight(entry, Refusal.special, at: now)
        }
    }

    /// Decides by what opening it showed, after ``SettlingDecision/probe``.
    mutating func probed(_ probe: Probe, at now: Duration) -> SettlingDecision {
        switch state {
        case .unseen, .settled:
            return .unchanged
        case .resting(let rest):
            return probed(probe, rest, at: now)
        case .refused(let rest, let former):
            // What was refused stays so without another word, until the reason is another.
            switch probe {
            case .refused(former), .mismatch(former), .stillWritten, .troubled: return .unchanged
            case .admitted, .mismatch, .refused, .changed: return probed(probe, rest, at: now)
            }
        }
    }

    /// Whoever was to take it refused it: it stays so until it changes.
    mutating func refuse(_ failure: Failure) {
        guard case .settled(let rest) = state else { return }
        state = .refused(rest, failure)
    }

    /// Whoever was to take it could not: the next look opens it again, if it is still the same.
    mutating func reopen() {
        guard case .settled(let rest) = state else { return }
        state = .resting(rest)
    }

    private mutating func refuseAtSight(
        _ entry: Entry, _ failure: Failure, at now: Duration
    ) -> SettlingDecision {
        if case .refused(let rest, failure) = state, rest.identity == entry.identity {
            return .unchanged
        }
        state = .refused(newRest(entry, since: now), failure)
        return .refused(failure)
    }

    private mutating func lookedAtFile(_ entry: Entry, at now: Duration) -> SettlingDecision {
        var rest = newRest(entry, since: now)
        switch state {
        case .settled(let former) where former.identity == entry.identity:
            return .unchanged
        case .refused(let former, let failure) where former.identity == entry.identity:
            // Permissions of the folder are not part of the file's shape.
            return failure.code == .notRemovable || failure.code == .notReadable
                ? .probe : .unchanged
        case .resting(let former) where former.identity == entry.identity:
            rest = former
            // What follows an upload's last byte (times, a check of its size) follows its closing,
            // however long that took.
            if sawClosing { rest.noteClosing(at: now) }
        case .resting(let former):
            // Permissions, names and times are set after the content was closed. Had somebody
            // written as many bytes anew, their own closing would be told, or the lease denied.
            let isOfOneLength = former.identity.isOfOneLength(as: entry.identity)
            rest.isClosed = sawClosing || (former.isClosed && isOfOneLength)
            if former.hasSecondLink { rest.linkedSince = former.linkedSince }
        case .unseen, .settled, .refused:
            break
        }
        state = .resting(rest)
        return decide(rest, at: now)
    }

    private func newRest(_ entry: Entry, since now: Duration) -> Rest {
        Rest(
            identity: entry.identity, since: now, isClosed: sawClosing,
            hasSecondLink: entry.linkCount > 1, linkedSince: now)
    }

    private mutating func decide(_ rest: Rest, at now: Duration) -> SettlingDecision {
        let quiet = rest.isClosed ? waits.settle : waits.settleWithoutProof
        if rest.hasSecondLink {
            let end = rest.linkedSince + waits.patience.secondLink
            // The other name may stand where no event tells that it goes.
            let next = min(end, now + Self.linkWait)
            return wait(until: next, .secondLink, now) ?? refuse(rest, Refusal.secondLink)
        }
        if rest.identity.size == .zero {
            let end = rest.since + max(quiet, waits.patience.empty)
            // No event tells that its first bytes came while its writer has it open.
            let pause = min(max(now - rest.since, Self.firstWriterWait), Self.longestWriterWait)
            return wait(until: min(end, now + pause), .empty, now) ?? refuse(rest, Refusal.empty)
        }
        return wait(until: rest.since + quiet, .settling, now) ?? .probe
    }

    private mutating func probed(
        _ probe: Probe, _ rest: Rest, at now: Duration
    ) -> SettlingDecision {
        switch probe {
        case .admitted(let kind, let proof):
            if rest.writerCount > 0 {
                // It was found open before: no event told of the end, and this is its first sign.
                var rest = rest
                rest.noteClosing(at: now)
                state = .resting(rest)
                let end = now + waits.settle
                if let waiting = wait(until: end, .settling, now) { return waiting }
            }
            if proof == .settle {
                let end = rest.since + waits.settleWithoutProof
                if let waiting = wait(until: end, .settling, now) { return waiting }
            }
            state = .settled(rest)
            return .ready(kind, proof)
        case .stillWritten(let kind):
            return waitForWriter(of: kind, rest, at: now)
        case .mismatch(let failure):
            let end = rest.since + waits.patience.mismatch
            return wait(until: end, .mismatch, now) ?? refuse(rest, failure)
        case .refused(let failure):
            return refuse(rest, failure)
        case .changed:
            state = .resting(rest)
            return .lookAgain(at: now, .settling)
        case .troubled(let failure):
            return .lookAgain(at: now + Self.troubleWait, .trouble(failure))
        }
    }

    private mutating func waitForWriter(
        of kind: DropKind?, _ rest: Rest, at now: Duration
    ) -> SettlingDecision {
        var rest = rest
        let wait = Self.firstWriterWait * (1 << min(rest.writerCount, 10))
        var next = now + min(wait, Self.longestWriterWait)
        if let kind, let timeout = waits.openWriter {
            let end = rest.since + timeout
            guard now < end else {
                state = .settled(rest)
                return .ready(kind, .openWriterTimeout)
            }
            next = min(next, end)
        }
        rest.writerCount += 1
        state = .resting(rest)
        return .lookAgain(at: next, .stillWritten)
    }

    private func wait(
        until end: Duration, _ reason: WaitReason, _ now: Duration
    ) -> SettlingDecision? {
        now < end ? .lookAgain(at: end, reason) : nil
    }

    private mutating func refuse(_ rest: Rest, _ failure: Failure) -> SettlingDecision {
        state = .refused(rest, failure)
        return .refused(failure)
    }
}
