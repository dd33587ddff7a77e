import Rules
import Synchronization

/// How a document in hand stands for the dispatcher: who works on it, and whether more could.
///
/// Never held while anything is waited for, unlike what the workers share among themselves.
final class WorkOutlook: Sendable {
    /// In what way somebody works on a document.
    enum Role: Sendable, Hashable {
        /// Runs its stages in their order; there is one at most.
        case lead
        /// Takes what another worker may do beside the lead, as long as nobody else waits.
        case help
    }

    private struct State {
        var hasLead = true
        var helpers = 0
        /// Of those who are there, who runs a whole stage and cannot leave before its end.
        var boundHelpers = 0
        var isLeadBound = false
        var isHelpWanted = false
        var isHelpRefused = false
        var mustBeAlone: Bool
        /// Whether there are pages left that nobody draws.
        var hasLeft = false
        var isClosed = false
        var error: (any Error)?
        /// Who is asked to leave for somebody else.
        var departure: Departure?
        var waiter: CheckedContinuation<Void, Never>?

        var participants: Int { helpers + (hasLead ? 1 : 0) }
        var mayBeHelped: Bool {
            isHelpWanted && !isHelpRefused && !isClosed && participants > 0
        }
        var freeHelpers: Int { helpers - boundHelpers }
        var isOver: Bool { participants == 0 && (isClosed || !hasLeft) }
    }

    private enum Departure {
        case ofHelper, ofAnyone
    }

    private let state: Mutex<State>
    private let onNews: @Sendable () -> Void

    /// The lead is there already.
    ///
    /// - Parameter onNews: called when another worker could begin to help, or one could begin to leave;
    ///   must return at once.
    init(mustBeAlone: Bool, onNews: @escaping @Sendable () -> Void) {
        state = Mutex(State(mustBeAlone: mustBeAlone))
        self.onNews = onNews
    }

    // MARK: For the dispatcher

    /// Whether another worker would find something to do beside those who are there.
    var isHelpWanted: Bool { state.withLock(\.mayBeHelped) }
    /// Whether there is something left to do and nobody who does it.
    var isStalled: Bool {
        state.withLock { $0.participants == 0 && $0.hasLeft && !$0.isClosed }
    }
    /// Whether a stage took its worker down before: then the lead's next sees no other document.
    var mustBeAlone: Bool { state.withLock(\.mustBeAlone) }
    var participants: Int { state.withLock(\.participants) }
    /// How many helpers leave soon if they are asked to.
    var freeHelpers: Int { state.withLock(\.freeHelpers) }
    /// Whether the lead leaves soon if it is asked to.
    var mayLeadLeave: Bool { state.withLock { $0.hasLead && !$0.isLeadBound && $0.hasLeft } }
    /// Whether somebody could leave before all is done, if not now.
    var mayBeLeft: Bool { state.withLock { $0.helpers > 0 || $0.hasLeft } }

    /// Somebody begins to work on it; false where that comes too late.
    func enter(as role: Role) -> Bool {
        state.withLock { state in
            guard !state.isClosed, !state.isOver else { return false }
            switch role {
            case .lead: state.hasLead = true
            case .help: state.helpers += 1
            }
            return true
        }
    }

    func leave(as role: Role) {
        change { state in
            switch role {
            case .lead: state.hasLead = false
            case .help: state.helpers -= 1
            }
        }
    }

    /// Asks one worker to leave as soon as it has done what is in its hands.
    func askToLeave(evenLead: Bool) {
        state.withLock { state in
            let isNew = state.departure == nil
            if isNew || evenLead { state.departure = evenLead ? .ofAnyone : .ofHelper }
        }
    }

    /// Nobody need leave any more.
    func withdrawAsking() { state.withLock { $0.departure = nil } }

    /// Returns once nobody works on it and nobody will; from then on nobody can enter.
    ///
    /// When the task is cancelled nobody enters any more, and those who are there are waited for.
    func whenOver() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let isOver = state.withLock { state in
                    if !state.isOver { state.waiter = waiter }
                    return state.isOver
                }
                if isOver { waiter.resume() }
            }
        } onCancel: {
            close()
        }
        close()
    }

    /// No slot could be had for a helper: the document goes on as it is.
    func refuseHelp() { state.withLock { $0.isHelpRefused = true } }

    /// What kept a step from being recorded; nil mostly.
    var error: (any Error)? { state.withLock(\.error) }

    /// A step could not be recorded: nobody begins anything more.
    func fail(_ error: any Error) {
        change { state in
            state.error = state.error ?? error
            state.isClosed = true
        }
    }

    // MARK: For those who work on it

    /// Nobody begins anything more.
    func close() { change { $0.isClosed = true } }

    var isClosed: Bool { state.withLock(\.isClosed) }

    /// Whether one of this role runs a whole stage from now on.
    func bind(_ role: Role, _ isBound: Bool) {
        state.withLock { state in
            switch role {
            case .lead: state.isLeadBound = isBound
            case .help: state.boundHelpers += isBound ? 1 : -1
            }
        }
    }

    func tell(isHelpWanted: Bool, hasLeft: Bool, mustBeAlone: Bool) {
        let isNew = state.withLock { state in
            defer {
                state.isHelpWanted = isHelpWanted
                state.mustBeAlone = mustBeAlone
                state.hasLeft = hasLeft
            }
            return isHelpWanted && !state.isHelpWanted || hasLeft && !state.hasLeft
        }
        if isNew { onNews() }
    }

    /// Whether one of this role is to leave; whoever is told so does.
    func shallLeave(_ role: Role, mayLeadLeave: Bool) -> Bool {
        state.withLock { state in
            switch (state.departure, role) {
            case (nil, _): return false
            case (.ofHelper, .lead): return false
            case (.ofAnyone, .lead) where !mayLeadLeave || state.freeHelpers > 0: return false
            case (.ofAnyone, .lead), (.ofAnyone, .help), (.ofHelper, .help):
                state.departure = nil
                return true
            }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            body(&state)
            guard state.isOver else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
