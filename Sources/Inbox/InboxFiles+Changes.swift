import CLinux
import Glibc
import Rules
import SystemPackage

/// A file that is being made, where nobody takes it for whole yet.
public struct TemporaryFile: Sendable, Hashable {
    /// Open for writing; the caller closes it.
    public let descriptor: FileDescriptor
    public let path: BeneathPath
}

extension InboxFiles {
    /// How often a random name may be taken already before that is called an error.
    private static let nameAttempts = 8

    /// Makes a new, empty file with a hidden name in `folder`, readable by those who may read the
    /// folder.
    ///
    /// - Parameter nextName: gives a name that nothing is likely to have.
    public func createTemporary(
        in folder: BeneathPath, nextName: () -> FileName = HiddenName.random
    ) throws(InboxError) -> TemporaryFile {
        for _ in 0..<Self.nameAttempts {
            let path = folder.appending(nextName())
            do throws(InboxError) {
                return try create(path)
            } catch  where error.errno == .fileExists {
                continue
            }
        }
        throw .callFailed(call: "create", path: folder, .fileExists)
    }

    /// Makes a new, empty file that those may read who may read the folder it is in.
    ///
    /// - Throws: ``InboxError`` with `EEXIST` where the name is taken.
    public func create(_ path: BeneathPath) throws(InboxError) -> TemporaryFile {
        let name = try namedOrRefused(path)
        return try withFolder(path.parent) { parent throws(InboxError) in
            let shared = UInt32(try Entry(at: parent, name: nil, path: path.parent).mode) & 0o044
            let code = withCString(name.bytes) {
                openat(
                    parent.rawValue, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    0o600)
            }
            guard code >= 0 else { throw lastError("create", path) }
            // The daemon's umask must not decide who sees an owner's results.
            guard fchmod(code, 0o600 | shared) == 0 else {
                let error = lastError("chmod", path)
                closeQuietly(FileDescriptor(rawValue: code))
                takeBack(name, in: parent, flags: 0)
                throw error
            }
            return TemporaryFile(descriptor: FileDescriptor(rawValue: code), path: path)
        }
    }

    /// Makes a folder that those may enter who may read the folder around it.
    public func makeFolder(_ path: BeneathPath) throws(InboxError) {
        let name = try namedOrRefused(path)
        try withFolder(path.parent) { parent throws(InboxError) in
            let shared = UInt32(try Entry(at: parent, name: nil, path: path.parent).mode) & 0o055
            let made = withCString(name.bytes) { mkdirat(parent.rawValue, $0, 0o700) }
            guard made == 0 else { throw lastError("mkdir", path) }
            do throws(InboxError) {
                // The daemon's umask must not decide who sees an owner's results.
                let folder = try openFolder(path)
                defer { closeQuietly(folder) }
                guard fchmod(folder.rawValue, 0o700 | shared) == 0 else {
                    throw lastError("chmod", path)
                }
            } catch {
                takeBack(name, in: parent, flags: AT_REMOVEDIR)
                throw error
            }
        }
    }

    /// Removes what was made a moment ago and cannot be used.
    private func takeBack(_ name: FileName, in parent: FileDescriptor, flags: Int32) {
        // What made it useless is told; what stays all the same goes at the next start.
        _ = withCString(name.bytes) { unlinkat(parent.rawValue, $0, flags) }
    }

    /// Renames within the inbox; where `replacing` is false, never over anything.
    ///
    /// - Throws: ``InboxError`` with `EEXIST` where the name is taken, with `EINVAL` where the file
    ///   system cannot promise not to replace a file.
    public func rename(
        _ source: BeneathPath, to target: BeneathPath, replacing: Bool
    ) throws(InboxError) {
        do throws(InboxError) {
            try renameOnce(source, to: target, replacing: replacing)
        } catch {
            // NFS and most file systems of user space promise nothing.
            guard !replacing, error.errno == .invalidArgument,
                try entry(source)?.kind == .folder
            else { throw error }
            try renameFolder(source, to: target)
        }
    }

    /// Renames a folder on a file system that does not promise not to replace: the rules of rename(2)
    /// keep a folder from replacing anything but an empty folder.
    func renameFolder(
        _ source: BeneathPath, to target: BeneathPath
    ) throws(InboxError) {
        let taken = InboxError.callFailed(call: "rename", path: source, .fileExists)
        guard try entry(target) == nil else { throw taken }
        do throws(InboxError) {
            try renameOnce(source, to: target, replacing: true)
        } catch {
            switch error.errno {
            // Somebody was faster.
            case .directoryNotEmpty, .notDirectory: throw taken
            default: throw error
            }
        }
    }

    private func renameOnce(
        _ source: BeneathPath, to target: BeneathPath, replacing: Bool
    ) throws(InboxError) {
        let (old, new) = (try namedOrRefused(source), try namedOrRefused(target))
        defer {
            folders.forget(source)
            folders.forget(target)
        }
        try withFolder(source.parent) { from throws(InboxError) in
            try withFolder(target.parent) { to throws(InboxError) in
                let code = withCString(old.bytes) { old in
                    withCString(new.bytes) { new in
                        guard replacing else {
                            return clinux_rename_noreplace(from.rawValue, old, to.rawValue, new)
                        }
                        return renameat(from.rawValue, old, to.rawValue, new) == 0 ? 0 : -errno
                    }
                }
                guard code == 0 else {
                    throw .callFailed(call: "rename", path: source, Errno(rawValue: -code))
                }
            }
        }
    }

    /// Renames within the inbox unless the name is taken; returns whether it did.
    public func renameIfFree(
        _ source: BeneathPath, to target: BeneathPath
    ) throws(InboxError) -> Bool {
        do {
            try rename(source, to: target, replacing: false)
            return true
        } catch {
            guard error.errno == .fileExists else { throw error }
            return false
        }
    }

    /// Gives a file a second name, never over anything.
    public func link(_ source: BeneathPath, to target: BeneathPath) throws(InboxError) {
        let (old, new) = (try namedOrRefused(source), try namedOrRefused(target))
        try withFolder(source.parent) { from throws(InboxError) in
            try withFolder(target.parent) { to throws(InboxError) in
                let code = withCString(old.bytes) { old in
                    withCString(new.bytes) { linkat(from.rawValue, old, to.rawValue, $0, 0) }
                }
                guard code == 0 else { throw lastError("link", source) }
            }
        }
    }

    /// Removes the name of anything but a folder.
    public func unlink(_ path: BeneathPath) throws(InboxError) {
        try removeName(path, flags: 0, call: "unlink")
    }

    /// Removes the name of anything but a folder, if it is there.
    public func unlinkIfThere(_ path: BeneathPath) throws(InboxError) {
        do {
            try unlink(path)
        } catch {
            guard error.isAbsence else { throw error }
        }
    }

    /// Removes an empty folder.
    public func removeFolder(_ path: BeneathPath) throws(InboxError) {
        try removeName(path, flags: AT_REMOVEDIR, call: "rmdir")
    }

    /// Removes a folder of ingestd's own making with what is in it, at most `depth` folders deep.
    public func removeTree(_ path: BeneathPath, depth: Int = 3) throws {
        var names: [(name: FileName, kind: EntryKind?)] = []
        repeat {
            // A batch at a time, so that a folder of any size takes little memory.
            names.removeAll(keepingCapacity: true)
            try list(path) { name, kind in
                names.append((name, kind))
                return names.count < 1000
            }
            for (name, kind) in names {
                let inner = path.appending(name)
                let isFolder = try (kind ?? entry(inner)?.kind) == .folder
                if isFolder, depth > 0 {
                    try removeTree(inner, depth: depth - 1)
                } else {
                    try unlink(inner)
                }
            }
        } while !names.isEmpty
        try removeFolder(path)
    }

    private func removeName(
        _ path: BeneathPath, flags: Int32, call: String
    ) throws(InboxError) {
        let name = try namedOrRefused(path)
        folders.forget(path)
        try withFolder(path.parent) { parent throws(InboxError) in
            let code = withCString(name.bytes) { unlinkat(parent.rawValue, $0, flags) }
            guard code == 0 else { throw lastError(call, path) }
        }
    }

    /// The last component; the inbox itself is nobody's to rename or remove.
    private func namedOrRefused(_ path: BeneathPath) throws(InboxError) -> FileName {
        guard let name = path.name else {
            throw .callFailed(call: "change", path: path, .resourceBusy)
        }
        return name
    }
}
