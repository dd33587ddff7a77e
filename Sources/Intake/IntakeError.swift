import Inbox
import Rules

/// Why a drop could not be opened, or not be read to its end.
public enum IntakeError: DocumentError, Hashable {
    /// Nothing is there any more.
    case vanished
    /// It is not the file that was looked at, or no longer in that shape.
    case changed
    /// A process has it open or mapped for writing.
    case stillWritten
    /// A writer opened it while it was being read.
    case writerReturned
    /// Only its owner can mend it.
    case refused(Failure)
    case inaccessible(InboxError)

    public var failure: Failure {
        switch self {
        case .vanished: waiting("The file is gone.", detail: "open drop: no such file")
        case .changed:
            waiting(
                "The file changed while it was being read. It is taken once it rests.",
                detail: "read drop: changed since it was looked at")
        case .stillWritten:
            waiting(
                "A program still writes this file. It is taken once that program is done.",
                detail: "open drop: open for writing elsewhere")
        case .writerReturned:
            waiting(
                "A program began to write this file again. It is taken once that program is done.",
                detail: "read drop: a writer opened it")
        case .refused(let failure): failure
        case .inaccessible(let error): error.failure
        }
    }

    private func waiting(_ message: String, detail: String) -> Failure {
        Failure(.internalError, message: message, detail: detail)
    }
}
