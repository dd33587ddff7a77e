import Glibc

/// The groups of the system, as a config names them.
enum UserGroup {
    /// The group database's longest answer that is waited for, in bytes: some groups have many members.
    private static let answerLimit = 16 << 20

    /// The number of a group, by its name or in decimal digits; nil for one that the system does not know.
    static func gid(of name: String) -> UInt32? {
        var length = 4096
        while length <= answerLimit {
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: length)
            defer { buffer.deallocate() }
            var record = group()
            var found: UnsafeMutablePointer<group>?
            guard getgrnam_r(name, &record, buffer, length, &found) == ERANGE else {
                return found == nil ? UInt32(name) : record.gr_gid
            }
            length *= 4
        }
        return UInt32(name)
    }
}
