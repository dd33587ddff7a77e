import Catalog
import Rules

/// What an account reads that has no room.
enum QuotaFailure {
    static func short(bytes: ByteCount, files: Int, limit: QuotaLimit) -> Failure {
        Failure(
            .quotaExceeded,
            message:
                "Over quota: short by \(missing(bytes, files)). The file stays here and is taken as soon as "
                + "there is room: ask the operator for a higher limit.",
            detail: "reserve: short by \(bytes.bytes) bytes and \(files) files")
    }

    private static func missing(_ bytes: ByteCount, _ files: Int) -> String {
        [
            bytes > .zero ? "\(bytes)" : nil,
            files > 0 ? "\(files) file\(files == 1 ? "" : "s")" : nil,
        ].compactMap { $0 }.joined(separator: " and ")
    }

    /// A deleted document that cannot come back for want of room.
    static func notRestored(_ trashed: TrashRecord, _ decision: QuotaDecision) -> Failure {
        let reason =
            switch decision {
            case .held(let bytes, let files): "short by \(missing(bytes, files))"
            case .tooLarge(let limit):
                "it has \(trashed.size), and all your files together may have \(limit)"
            case .granted: "there is room now"
            }
        return Failure(
            .quotaExceeded,
            message: "Not restored, over quota: \(reason). The file stays in the trash until "
                + "\(trashed.expiresAt). Delete something or ask the operator for a higher limit, "
                + "and ask again.",
            detail: "restore: \(trashed.size.bytes) bytes, \(reason)")
    }

    static func larger(_ size: ByteCount, than limit: ByteCount) -> Failure {
        Failure(
            .tooLarge,
            message: "The file has \(size), and all your files together may have \(limit). "
                + "Make it smaller, or ask the operator for a higher limit.",
            detail: "reserve: \(size.bytes) bytes, limit \(limit.bytes)")
    }
}
