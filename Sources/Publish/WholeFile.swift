import CLinux
import Glibc
import Inbox
import Rules
import SystemPackage

/// Writes files so that each appears whole under its name or not at all.
struct WholeFile {
    private static let chunkLength = 256 << 10

    let files: InboxFiles

    /// Writes `bytes` and renames them to `path`, over what was there.
    ///
    /// - Parameter isDurable: whether the bytes outlast a power cut once the folder is synced.
    func write(_ bytes: some Collection<UInt8>, to path: BeneathPath, isDurable: Bool) throws {
        let bytes = Array(bytes)
        try make(path, isDurable: isDurable) { descriptor in
            try bytes.withUnsafeBytes { try Self.write($0, to: descriptor) } == bytes.count
        }
    }

    /// Copies all of `source`, sharing its blocks where the file system can, and renames the copy to `path`.
    func copy(_ source: FileDescriptor, to path: BeneathPath) throws {
        try make(path, isDurable: true) { descriptor in
            if clinux_clone_file(descriptor.rawValue, source.rawValue) == 0 { return true }
            return try Self.copy(source, to: descriptor)
        }
    }

    private func make(
        _ path: BeneathPath, isDurable: Bool,
        fill: (FileDescriptor) throws -> Bool
    ) throws {
        let temporary = try files.createTemporary(in: path.parent)
        do {
            try finish(temporary.descriptor, at: path, isDurable: isDurable, fill: fill)
            try files.rename(temporary.path, to: path, replacing: true)
        } catch {
            do {
                try files.unlink(temporary.path)
            } catch {
                // The first error says what is wrong; the recovery at start removes hidden names.
            }
            throw error
        }
    }

    /// Fills, syncs and closes; the descriptor is closed in every case.
    private func finish(
        _ descriptor: FileDescriptor, at path: BeneathPath, isDurable: Bool,
        fill: (FileDescriptor) throws -> Bool
    ) throws {
        do {
            try fillAndSync(descriptor, at: path, isDurable: isDurable, fill: fill)
        } catch {
            _ = Glibc.close(descriptor.rawValue)
            throw error
        }
        guard Glibc.close(descriptor.rawValue) == 0 else {
            throw PublishError.callFailed(call: "close", path: path, Errno(rawValue: errno))
        }
    }

    private func fillAndSync(
        _ descriptor: FileDescriptor, at path: BeneathPath, isDurable: Bool,
        fill: (FileDescriptor) throws -> Bool
    ) throws {
        do {
            guard try fill(descriptor) else { throw PublishError.shortWrite(path: path) }
        } catch let errno as Errno {
            throw PublishError.callFailed(call: "write", path: path, errno)
        }
        if isDurable, fsync(descriptor.rawValue) != 0 {
            throw PublishError.callFailed(call: "fsync", path: path, Errno(rawValue: errno))
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
