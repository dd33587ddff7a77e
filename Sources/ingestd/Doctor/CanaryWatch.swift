import CLinux
import Glibc
import Inbox
import Rules
import SystemPackage

/// A watch of doctor's own on an inbox.
struct CanaryWatch: Sendable {
    /// What happened to a name.
    enum Sight: Sendable { case came, gone }

    private let queue: FileDescriptor

    /// Begins to watch; must run as somebody who may read the inbox.
    init(_ files: InboxFiles) throws {
        let folder = try files.openFolder(BeneathPath())
        defer { Glibc.close(folder.rawValue) }
        let queue = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard queue >= 0 else { throw Errno(rawValue: errno) }
        let mask = UInt32(bitPattern: IN_CREATE | IN_DELETE | IN_ONLYDIR)
        guard inotify_add_watch(queue, "/proc/self/fd/\(folder.rawValue)", mask) >= 0 else {
            let error = Errno(rawValue: errno)
            Glibc.close(queue)
            throw error
        }
        self.queue = FileDescriptor(rawValue: queue)
    }

    func close() { Glibc.close(queue.rawValue) }

    /// What the kernel reported of a name, waiting no longer than `limit` for anything.
    func events(of name: FileName, within limit: Duration) -> [Sight] {
        var polled = pollfd(fd: queue.rawValue, events: Int16(POLLIN), revents: 0)
        guard poll(&polled, 1, Int32(clamping: limit.wholeMilliseconds)) > 0 else { return [] }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(queue.rawValue, &buffer, buffer.count)
        guard count > 0 else { return [] }
        return buffer.withUnsafeBytes { bytes in
            Self.sights(of: name, in: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        }
    }

    private static func sights(of name: FileName, in bytes: UnsafeRawBufferPointer) -> [Sight] {
        var sights: [Sight] = []
        var position = 0
        let headerLength = MemoryLayout<inotify_event>.size
        while bytes.count - position >= headerLength {
            let header = bytes.loadUnaligned(fromByteOffset: position, as: inotify_event.self)
            position += headerLength
            guard bytes.count - position >= Int(header.len) else { break }
            let found = bytes[position..<(position + Int(header.len))].prefix { $0 != 0 }
            position += Int(header.len)
            guard found.elementsEqual(name.bytes) else { continue }
            if header.mask & UInt32(bitPattern: IN_CREATE) != 0 { sights.append(.came) }
            if header.mask & UInt32(bitPattern: IN_DELETE) != 0 { sights.append(.gone) }
        }
        return sights
    }
}
