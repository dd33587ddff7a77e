import Rules
import SystemPackage

/// Why content could not be put into the store or had from it.
public enum StoreError: DocumentError, Hashable {
    /// No room is left, or the system's own quota is used up.
    case full(attempt: String, errno: Errno)
    /// The disk, its file system or the process's descriptors fail us.
    case io(attempt: String, errno: Errno)
    /// Fewer bytes were written than given, and no error was told; a nearly full btrfs does that.
    case shortWrite(wanted: Int, written: Int)
    /// The catalogue names a blob that is not there.
    case missing(ContentDigest)

    public var failure: Failure {
        switch self {
        case .full(let attempt, let errno):
            Failure(.storeFull, message: Self.waitsForRoom, detail: "\(attempt): \(errno)")
        case .shortWrite(let wanted, let written):
            Failure(
                .storeFull, message: Self.waitsForRoom,
                detail: "write into staging: took \(written) of \(wanted) bytes")
        case .io(let attempt, let errno):
            Failure(
                .storeIO,
                message: "The server cannot keep files at the moment. "
                    + "Nothing is lost; it goes on by itself once the operator has mended this.",
                detail: "\(attempt): \(errno)")
        case .missing(let digest):
            Failure(
                .internalError,
                message: "The server cannot find the content of this file any more. "
                    + "Please drop the file again and tell the operator.",
                detail: "open blob \(digest): it is not in the store")
        }
    }

    private static let waitsForRoom =
        "The server's disk is full. Nothing is lost; it goes on by itself once there is room."

    /// Tells a full disk from a failing one.
    init(_ attempt: String, _ errno: Errno) {
        switch errno {
        case .noSpace, .diskQuotaExceeded, .fileTooLarge:
            self = .full(attempt: attempt, errno: errno)
        default: self = .io(attempt: attempt, errno: errno)
        }
    }
}

/// Runs one call of swift-system and names what was attempted should it fail.
func attempt<T>(_ what: @autoclosure () -> String, _ call: () throws -> T) throws(StoreError) -> T {
    do {
        return try call()
    } catch let errno as Errno {
        throw StoreError(what(), errno)
    } catch {
        preconditionFailure("swift-system throws nothing but Errno, not \(error)")
    }
}
