import Rules

/// What somebody wants to do with a file or folder, as the permission bits of one class.
public struct Access: OptionSet, Sendable, Hashable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static let search = Access(rawValue: 1)
    public static let write = Access(rawValue: 2)
    public static let read = Access(rawValue: 4)
}

/// The class of permission bits that decides for somebody; the others say nothing then.
public enum AccessClass: Sendable, Hashable {
    case user, group, other

    /// By how many bits the class's are shifted in a mode.
    fileprivate var shift: UInt16 {
        switch self {
        case .user: 6
        case .group: 3
        case .other: 0
        }
    }
}

extension Owner {
    /// Which permission bits of an entry speak for this owner. Rule: path_resolution(7).
    public func accessClass(to entry: Entry) -> AccessClass {
        if entry.uid == account.uid { return .user }
        return entry.gid == gid || groups.contains(entry.gid) ? .group : .other
    }

    /// What the permission bits of an entry deny of `wanted`; access control lists are not asked.
    public func denied(_ wanted: Access, of entry: Entry) -> Access {
        // The superuser is denied nothing; only what runs may need a bit, and folders do not.
        guard account.uid != 0 else { return [] }
        let allowed = Access(rawValue: entry.mode >> accessClass(to: entry).shift & 0o7)
        return wanted.subtracting(allowed)
    }
}
