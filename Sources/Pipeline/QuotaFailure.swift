import Rules

/// What an account reads that has no room.
enum QuotaFailure {
    /// There is some room, and too little for the file beside the others.
    static func short(bytes: ByteCount, files: Int, of scope: QuotaScope) -> Failure {
        let missing = [
            bytes > .zero ? "\(bytes)" : nil,
            files > 0 ? "\(files) file\(files == 1 ? "" : "s")" : nil,
        ].compactMap { $0 }.joined(separator: " and ")
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
