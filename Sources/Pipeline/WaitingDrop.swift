import Publish
import Rules

/// A drop that is not taken yet, and why.
///
/// It never changes, and is no value: there may be a hundred thousand of them.
final class WaitingDrop: Sendable {
    let path: BeneathPath
    let size: ByteCount
    let firstSeen: Timestamp
    /// `waiting`, `held` or `refused`.
    let state: DocumentState
    /// For a person: why, and what to do.
    let message: String
    /// Nil where only a change of the file brings it back.
    let nextLook: Timestamp?
    private let obstacle: Obstacle?

    /// What only few have.
    private final class Obstacle: Sendable {
        /// Why it was refused or is held.
        let failure: Failure
        /// Told with a drop that is held.
        let quota: StatusDocument.Quota?

        init(failure: Failure, quota: StatusDocument.Quota?) {
            self.failure = failure
            self.quota = quota
        }
    }

    init(
        path: BeneathPath, size: ByteCount, firstSeen: Timestamp, state: DocumentState,
        message: String, failure: Failure? = nil, nextLook: Timestamp? = nil,
        quota: StatusDocument.Quota? = nil
    ) {
        self.path = path
        self.size = size
        self.firstSeen = firstSeen
        self.state = state
        self.message = message
        self.nextLook = nextLook
        obstacle = failure.map { Obstacle(failure: $0, quota: quota) }
    }

    func status(of account: Account, retries: RetrySchedule) -> StatusDocument {
        guard let name = path.name else { preconditionFailure("a drop has a name") }
        var status = StatusDocument(
            fileName: name, collection: path.parent, account: account, size: size, state: state,
            message: message, maxAttempts: retries.attemptLimit(after: nil))
        status.receivedAt = firstSeen
        status.error = obstacle?.failure
        status.nextAttemptAt = state == .held ? nextLook : nil
        status.quota = obstacle?.quota
        return status
    }

    var summary: InboxStatus.Waiting {
        InboxStatus.Waiting(path: path, state: state.rawValue, reason: message, nextLook: nextLook)
    }
}
