import Glibc
import Rules
import Workers

/// Whom workers run as.
enum WorkerUser {
    /// The user database's longest answer that is waited for, in bytes.
    private static let answerLimit = 1 << 20
    /// The bit of CAP_SETUID. Rule: capabilities(7).
    private static let setUIDBit: UInt64 = 1 << 7

    /// The configured user, else the first of the standard ones that the system knows.
    ///
    /// Nil where this process may not change identity: workers are then confined as they are.
    ///
    /// - Throws: ``ConfigError`` for a user that the system does not know.
    static func identity(configured: String?) throws(ConfigError) -> WorkerIdentity? {
        guard mayChangeIdentity() else { return nil }
        let names = configured.map { [$0] } ?? WorkerSettings.standardUsers
        for name in names {
            if let found = lookUp(name) { return found }
        }
        throw ConfigError(
            file: nil,
            "the system knows no user \(names.joined(separator: " or ")) for the workers; "
                + "make one, or name another with “workers: user:” in the config")
    }

    /// Whether a name, or a uid in digits, stands for a user of the system.
    static func isKnown(_ name: String) -> Bool { UInt32(name) != nil || lookUp(name) != nil }

    private static func lookUp(_ name: String) -> WorkerIdentity? {
        var length = 4096
        while length <= answerLimit {
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: length)
            defer { buffer.deallocate() }
            var record = passwd()
            var found: UnsafeMutablePointer<passwd>?
            let code = getpwnam_r(name, &record, buffer, length, &found)
            guard code == ERANGE else {
                return found == nil
                    ? nil : WorkerIdentity(uid: record.pw_uid, gid: record.pw_gid)
            }
            length *= 4
        }
        return nil
    }

    /// Whether the kernel lets this process take another uid.
    private static func mayChangeIdentity() -> Bool {
        if geteuid() == 0 { return true }
        guard let file = fopen("/proc/self/status", "re") else { return false }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 512)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
            guard text.hasPrefix("CapEff:") else { continue }
            let digits = text.dropFirst(7).filter(\.isHexDigit)
            return (UInt64(digits, radix: 16) ?? 0) & setUIDBit != 0
        }
        return false
    }
}
