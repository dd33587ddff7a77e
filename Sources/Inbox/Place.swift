import CLinux
import Glibc
import Rules
import SystemPackage

/// A directory that was reached on the way to an inbox: named, not opened for reading.
final class Place: Sendable {
    let descriptor: FileDescriptor
    let facts: Entry
    /// Its absolute path with all links replaced, for looking up its mount.
    let location: [UInt8]

    init(_ descriptor: FileDescriptor, facts: Entry, location: [UInt8]) {
        self.descriptor = descriptor
        self.facts = facts
        self.location = location
    }

    deinit { closeQuietly(descriptor) }

    /// Opens a path as the calling thread; blocks.
    ///
    /// - Parameter isLinkFollowed: whether the last component may be a link; those before may.
    convenience init(path: String, isLinkFollowed: Bool) throws(Errno) {
        let last = isLinkFollowed ? 0 : O_NOFOLLOW
        try self.init(
            location: nil, path: path,
            code: Glibc.open(path, clinux_path_only | O_DIRECTORY | O_CLOEXEC | last))
    }

    /// Opens the directory `name` in another one as the calling thread; blocks. No link is followed.
    convenience init(_ name: FileName, in place: Place) throws(Errno) {
        let flags = clinux_path_only | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        try self.init(
            location: place.location(of: name), path: name.description,
            code: withCString(name.bytes) { openat(place.descriptor.rawValue, $0, flags) })
    }

    /// The code comes last: nothing stands between a failing call and the reading of its error.
    private convenience init(location: [UInt8]?, path: String, code: Int32) throws(Errno) {
        guard code >= 0 else { throw Errno(rawValue: errno) }
        let descriptor = FileDescriptor(rawValue: code)
        do {
            let facts = try Entry(at: descriptor, name: nil, path: BeneathPath())
            self.init(
                descriptor, facts: facts,
                location: location ?? Self.location(of: descriptor) ?? Array(path.utf8))
        } catch {
            closeQuietly(descriptor)
            throw error.errno ?? .badFileDescriptor
        }
    }

    /// Where an entry of it stands.
    func location(of name: FileName) -> [UInt8] {
        location == [UInt8(ascii: "/")]
            ? location + name.bytes : location + [UInt8(ascii: "/")] + name.bytes
    }

    /// Opens it for reading as the calling thread; blocks.
    func open() throws(Errno) -> FileDescriptor {
        let code = openat(descriptor.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard code >= 0 else { throw Errno(rawValue: errno) }
        return FileDescriptor(rawValue: code)
    }

    /// Where an open directory is now, all links replaced; nil where the system does not tell.
    static func location(of directory: FileDescriptor) -> [UInt8]? {
        let target = linkTarget { readlink("/proc/self/fd/\(directory.rawValue)", $0, $1) }
        return target.flatMap { $0.first == UInt8(ascii: "/") ? $0 : nil }
    }

    /// What one of the calls that read links gives; nil where it fails.
    static func linkTarget(_ read: (UnsafeMutablePointer<CChar>, Int) -> Int) -> [UInt8]? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let address = buffer.baseAddress else { return nil }
            let count = read(address, buffer.count)
            return count > 0 ? buffer.prefix(count).map(UInt8.init(bitPattern:)) : nil
        }
    }
}
