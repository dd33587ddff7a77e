import Catalog
import Rules

/// What an account reads that has no room.
enum QuotaFailure {
    /// There is some room, and too little for the file beside the others.
    static func short(bytes: ByteCount, files: Int, of scope: QuotaScope) -> Failure {
        let missing = missing(bytes, files)
        let opening =
            switch scope {
            case .account: "Over quota: short by \(missing)."
            case .inbox: "This folder is full: short by \(missing)."
            }
        return Failure(
            .quotaExceeded,
            message: "\(opening) The file stays here and is taken as soon as "
                + "there is room: ask the operator for a higher limit.",
            detail: "reserve: short by \(bytes.bytes) bytes and \(files) files\(scope.suffix)")
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
            case .held(let bytes, let files, _): "short by \(missing(bytes, files))"
            case .tooLarge(let limit, _):
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

    /// No room that could be made would be enough.
    static func larger(_ size: ByteCount, than limit: ByteCount, of scope: QuotaScope) -> Failure {
        let bound =
            switch scope {
            case .account: "all your files together may have \(limit)"
            case .inbox: "all files of this folder together may have \(limit)"
            }
        return Failure(
            .tooLarge,
            message: "The file is larger than the whole limit: it has \(size), and \(bound). "
                + "Make it smaller, or ask the operator for a higher limit.",
            detail: "reserve: \(size.bytes) bytes, limit \(limit.bytes)\(scope.suffix)")
    }
}

extension QuotaScope {
    fileprivate var suffix: String {
        switch self {
        case .account: ""
        case .inbox: " of the inbox"
        }
    }
}
