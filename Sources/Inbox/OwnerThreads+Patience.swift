import Rules
import Synchronization

extension OwnerThreads {
    /// Whether the daemon has the privileges to act in the name of every account.
    ///
    /// - Throws: ``InboxError`` when no thread is to be had.
    func mayActForOthers() async throws -> Bool {
        if let known = privilege.known { return known }
        let isRoot = Owner.ofProcess().account.uid == 0
        let other = Owner(
            account: Account(uid: isRoot ? Owner.noGroup : 0, name: nil),
            gid: isRoot ? Owner.noGroup : 0, groups: [])
        let can: Bool
        do {
            // Of no device: it touches nothing.
            can = try await run(as: other, onMount: 0) { true }
        } catch InboxError.identityRefused {
            can = false
        }
        privilege.note(can)
        return can
    }
}

extension MountThreads {
    /// Runs `body` as `owner`, but gives up waiting after `patience`, and when the task is cancelled;
    /// what comes later is dropped.
    ///
    /// - Throws: ``InboxError``, ``InboxError/silent(after:)`` among them; else what `body` throws.
    func run<Result: Sendable>(
        as owner: Owner, answeringWithin patience: Duration, by clock: any Clock<Duration>,
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        let answer = Answer<Result>()
        try submit { identity in
            answer.settle(
                Swift.Result {
                    try identity.become(owner)
                    return try body()
                })
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await clock.sleep(for: patience)
                } catch {
                    // The answer is there, or nobody wants it any more.
                }
                answer.settle(.failure(InboxError.silent(after: patience)))
            }
            defer { group.cancelAll() }
            return try await answer.value()
        }
    }
}

/// Whether the daemon may act for others, once that was tried.
final class Privilege: Sendable {
    private let answer = Mutex<Bool?>(nil)

    var known: Bool? { answer.withLock { $0 } }

    func note(_ can: Bool) { answer.withLock { $0 = can } }
}

/// What a thread found out, for the task that waits for it; the first word counts.
private final class Answer<Value: Sendable>: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Value, any Error>)
        case settled(Result<Value, any Error>)
        case taken
    }

    private let state = Mutex(State.open)

    func settle(_ result: Result<Value, any Error>) {
        let waiter: CheckedContinuation<Value, any Error>? = state.withLock { state in
            switch state {
            case .open:
                state = .settled(result)
                return nil
            case .awaited(let waiter):
                state = .taken
                return waiter
            case .settled, .taken:
                return nil
            }
        }
        waiter?.resume(with: result)
    }

    /// Called once.
    func value() async throws -> Value {
        try await withCheckedThrowingContinuation { waiter in
            let result: Result<Value, any Error>? = state.withLock { state in
                switch state {
                case .settled(let result):
                    state = .taken
                    return result
                case .open:
                    state = .awaited(waiter)
                    return nil
                case .awaited, .taken:
                    preconditionFailure("one task waits for an answer, once")
                }
            }
            if let result { waiter.resume(with: result) }
        }
    }
}
