import Publish
import Rules

/// A drop that is not taken yet, and why.
struct WaitingDrop: Sendable, Hashable {
    var path: BeneathPath
    var size: ByteCount
    var firstSeen: Timestamp
    /// `waiting`, `held` or `refused`.
    var state: DocumentState
    /// For a person: why, and what to do.
    var message: String
    /// Why it was refused or is held.
    var failure: Failure?
    /// Nil where only a change of the file brings it back.
    var nextLook: Timestamp?
    /// Told with a drop that is held.
    var quota: StatusDocument.Quota?

    func status(of account: Account, retries: RetrySchedule) -> StatusDocument {
        guard let name = path.name else { preconditionFailure("a drop has a name") }
        var status = StatusDocument(
            fileName: name, collection: path.parent, account: account, size: size, state: state,
            message: message, maxAttempts: retries.attemptLimit(after: nil))
        status.receivedAt = firstSeen
        status.error = failure
        status.nextAttemptAt = state == .held ? nextLook : nil
        status.quota = quota
        return status
    }

    var summary: InboxStatus.Waiting {
        InboxStatus.Waiting(path: path, state: state.rawValue, reason: message, nextLook: nextLook)
    }
}
