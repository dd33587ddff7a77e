import CLinux
import Glibc
import Inbox
import Rules
import SystemPackage

/// A file that is written but not in its place yet; whoever makes one places or abandons it.
struct UnplacedFile {
    fileprivate let temporary: TemporaryFile
    /// Where it belongs; the same where nobody sees the folder yet.
    fileprivate let target: BeneathPath
}

/// Writes files so that each appears whole under its name or not at all.
///
/// Files that appear together are all written first and then synced: the disk does in one go what
/// one after the other would have to wait for each time.
struct WholeFile {
    private static let chunkLength = 256 << 10

    let files: InboxFiles

    /// Writes `bytes` and renames them to `path`, over what was there; nothing is synced.
    func write(_ bytes: some Collection<UInt8>, to path: BeneathPath) throws {
        try place([try begin(bytes, for: path)], isDurable: false)
    }

    /// Writes `bytes` to `path` in a folder that nobody sees yet; nothing is synced.
    func writeUnseen(_ bytes: [UInt8], to path: BeneathPath) throws {
        let file = try begin(path, isUnseen: true) { descriptor in
            try bytes.withUnsafeBytes { try Self.write($0, to: descriptor) } == bytes.count
        }
        try place([file], isDurable: false)
    }

    /// Writes `bytes` aside.
    func begin(_ bytes: some Collection<UInt8>, for path: BeneathPath) throws -> UnplacedFile {
        let bytes = Array(bytes)
        return try begin(path, isUnseen: false) { descriptor in
            try bytes.withUnsafeBytes { try Self.write($0, to: descriptor) } == bytes.count
        }
    }

    /// Copies all of `source` aside, sharing its blocks where the file system can.
    ///
    /// - Parameter isUnseen: whether nobody sees the folder yet, so that the file may be made under
    ///   its own name.
    func begin(
        copying source: FileDescriptor, for path: BeneathPath, isUnseen: Bool,
        modifiedNanoseconds: Int64? = nil
    ) throws -> UnplacedFile {
        try begin(path, isUnseen: isUnseen) { descriptor in
            if clinux_clone_file(descriptor.rawValue, source.rawValue) != 0 {
                guard try Self.copy(source, to: descriptor) else { return false }
            }
            if let modifiedNanoseconds { Self.date(descriptor, modifiedNanoseconds) }
            return true
        }
    }

    /// Gives a file the time of the one that it was copied from.
    private static func date(_ file: FileDescriptor, _ nanoseconds: Int64) {
        let modified = timespec(
            tv_sec: Int(nanoseconds.flooredQuotient(1_000_000_000)),
            tv_nsec: Int(nanoseconds - nanoseconds.flooredQuotient(1_000_000_000) * 1_000_000_000))
        // A file system that keeps no such times keeps the bytes all the same.
        _ = futimens(file.rawValue, [modified, modified])
    }

    /// Makes the bytes of files outlast a power cut, once their folders are synced.
    func sync(_ unplaced: [UnplacedFile]) throws {
        for file in unplaced { clinux_begin_writeback(file.temporary.descriptor.rawValue) }
        // What all of them wait for now, the first one's sync writes down for all where the file system
        // has a journal.
        for file in unplaced {
            let code = clinux_await_writeback(file.temporary.descriptor.rawValue)
            switch -code {
            // A file system that cannot be asked is told by the sync; an error told here is not told again.
            case 0, EINVAL, ENOSYS, ESPIPE: continue
            default:
                throw PublishError.callFailed(
                    call: "sync_file_range", path: file.target, Errno(rawValue: -code))
            }
        }
        for file in unplaced where fsync(file.temporary.descriptor.rawValue) != 0 {
            throw PublishError.callFailed(
                call: "fsync", path: file.target, Errno(rawValue: errno))
        }
    }

    /// Renames files to where they belong, over what was there; in every case they are used up.
    func place(_ unplaced: [UnplacedFile], isDurable: Bool) throws {
        var rest = unplaced[...]
        do {
            if isDurable { try sync(unplaced) }
            while let file = rest.first {
                // A closed file is no longer to be abandoned as an open one.
                rest = rest.dropFirst()
                try place(file)
            }
        } catch {
            abandon(Array(rest))
            throw error
        }
    }

    /// Gives up files that are not in their place.
    func abandon(_ unplaced: [UnplacedFile]) {
        for file in unplaced {
            _ = Glibc.close(file.temporary.descriptor.rawValue)
            remove(file)
        }
    }

    private func place(_ file: UnplacedFile) throws {
        do {
            guard Glibc.close(file.temporary.descriptor.rawValue) == 0 else {
                throw PublishError.callFailed(
                    call: "close", path: file.target, Errno(rawValue: errno))
            }
            guard file.temporary.path != file.target else { return }
            try files.rename(file.temporary.path, to: file.target, replacing: true)
        } catch {
            remove(file)
            throw error
        }
    }

    private func remove(_ file: UnplacedFile) {
        do {
            try files.unlink(file.temporary.path)
        } catch {
            // An earlier error says what is wrong; the recovery at start removes hidden names.
        }
    }

    private func begin(
        _ path: BeneathPath, isUnseen: Bool, fill: (FileDescriptor) throws -> Bool
    ) throws -> UnplacedFile {
        let temporary =
            try isUnseen ? files.create(path) : files.createTemporary(in: path.parent)
        let file = UnplacedFile(temporary: temporary, target: path)
        do {
            guard try fill(temporary.descriptor) else { throw PublishError.shortWrite(path: path) }
            return file
        } catch let errno as Errno {
            abandon([file])
            throw PublishError.callFailed(call: "write", path: path, errno)
        } catch {
            abandon([file])
            throw error
        }
    }

    private static func copy(_ source: FileDescriptor, to target: FileDescriptor) throws(Errno)
        -> Bool
    {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkLength, alignment: 16)
        defer { buffer.deallocate() }
        var offset: off_t = 0
        while true {
            let count = pread(source.rawValue, buffer.baseAddress, buffer.count, offset)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Errno(rawValue: errno) }
            if count == 0 { return true }
            let chunk = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            guard try write(chunk, to: target) == count else { return false }
            offset += off_t(count)
        }
    }

    /// Returns how many bytes were taken: fewer than given is a full disk that did not say so.
    private static func write(
        _ bytes: UnsafeRawBufferPointer, to target: FileDescriptor
    ) throws(Errno) -> Int {
        while true {
            let count = Glibc.write(target.rawValue, bytes.baseAddress, bytes.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Errno(rawValue: errno) }
            return count
        }
    }
}

extension Int64 {
    /// The quotient, rounded down: a time before 1970 has a fraction of a second that counts forwards.
    fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
        let (quotient, rest) = quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? quotient - 1 : quotient
    }
}
