import Rules

/// What an account reads that has no room.
enum QuotaFailure {
    static func short(bytes: ByteCount, files: Int, limit: QuotaLimit) -> Failure {
        let missing = [
            bytes > .zero ? "\(bytes)" : nil,
            files > 0 ? "\(files) file\(files == 1 ? "" : "s")" : nil,
        ].compactMap { $0 }.joined(separator: " and ")
        return Failure(
            .quotaExceeded,
            message: "Over quota: short by \(missing). The file stays here and is taken as soon as "
                + "there is room: ask the operator for a higher limit.",
            detail: "reserve: short by \(bytes.bytes) bytes and \(files) files")
    }

    static func larger(_ size: ByteCount, than limit: ByteCount) -> Failure {
        Failure(
            .tooLarge,
            message: "The file has \(size), and all your files together may have \(limit). "
                + "Make it smaller, or ask the operator for a higher limit.",
            detail: "reserve: \(size.bytes) bytes, limit \(limit.bytes)")
    }
}
