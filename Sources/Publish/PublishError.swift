import Rules
import SystemPackage

/// Why a sidecar could not be written.
public enum PublishError: DocumentError, Hashable {
    /// A system call on a file of ours failed.
    case callFailed(call: String, path: BeneathPath, Errno)
    /// Fewer bytes were written than given, and no error was told.
    case shortWrite(path: BeneathPath)
    /// ``NumberedBackup/limit`` things stand at the numbered names of a sidecar.
    case noFreeName(BeneathPath)

    public var failure: Failure {
        switch self {
        case .callFailed(let call, let path, let errno):
            switch errno {
            case .noSpace, .diskQuotaExceeded:
                Failure(.storeFull, message: Self.full, detail: "\(call) \(path): \(errno)")
            default:
                Failure(
                    .storeIO,
                    message: "The results could not be written into this folder. "
                        + "The file is kept; ingestd tries again by itself.",
                    detail: "\(call) \(path): \(errno)")
            }
        case .shortWrite(let path):
            Failure(
                .storeFull, message: Self.full, detail: "write \(path): took fewer bytes than given"
            )
        case .noFreeName(let path):
            Failure(
                .storeIO,
                message: "Too many numbered backups stand beside \(path). "
                    + "Move some of them away; ingestd tries again by itself.",
                detail: "move \(path) aside: no number is free")
        }
    }

    private static let full =
        "There is no room for the results in this folder. The file is kept; ingestd goes on once there is room."
}
