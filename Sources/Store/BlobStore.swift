import Crypto
import Glibc
import Rules
import Synchronization
import SystemPackage

/// Keeps content under its digest, in `staging/` and `blobs/` below the state directory.
///
/// A blob is written to staging, synced, renamed into place, and its folders are synced: it is
/// there whole or not at all. Any thread may call anything; calls block on the disk.
/// Rule: docs/design.md, "Store".
public final class BlobStore: Sendable {
    /// How much of a blob is read at once.
    private static let chunkLength = 256 << 10

    let root: FilePath
    let layout: BlobLayout
    /// Tells this process's staged files from those of one that died.
    private let seed = UInt64.random(in: .min ... .max)
    private let staged = Atomic<UInt64>(0)

    /// - Parameter root: the state directory.
    public init(root: FilePath) {
        self.root = root
        layout = BlobLayout(root: root)
    }

    /// The folders that blobs stand in.
    public var folders: [FilePath] { layout.folders }

    /// Makes the folders that are missing, for the daemon's user alone, and makes them durable.
    public func prepare() throws(StoreError) {
        try attempt("prepare the store") {
            try FileCalls.makeFolder(root)
            // Where much was deleted a moment ago, as in an inbox, ext4 is slow to make files.
            try FileCalls.spreadFolders(in: root)
            for folder in [layout.staging, layout.blobs] + layout.folders {
                try FileCalls.makeFolder(folder)
            }
            try FileCalls.syncFolder(layout.blobs)
            try FileCalls.syncFolder(root)
            let parent = root.removingLastComponent()
            do {
                try FileCalls.syncFolder(parent.isEmpty ? "." : parent)
            } catch Errno.permissionDenied {
                // Closed to us: whoever made the state directory there was somebody else.
            }
        }
    }

    /// Removes what writers of an earlier run left behind; returns how many files that were. A
    /// folder is none of theirs, and stays.
    ///
    /// Called before the first ``begin(sizeHint:)``.
    public func emptyStaging() throws(StoreError) -> Int {
        try attempt("empty staging") {
            var count = 0
            try FileCalls.listIfThere(layout.staging) { name in
                do {
                    if try FileCalls.unlink(layout.staging.appending(name)) { count += 1 }
                } catch Errno.isDirectory {
                    return
                }
            }
            return count
        }
    }

    /// Begins a new blob.
    ///
    /// - Parameter sizeHint: the size that is expected; more or fewer bytes may come.
    ///
    /// - Throws: ``StoreError/full(attempt:errno:)`` before the disk is full: see ``reserve(of:)``.
    public func begin(sizeHint: ByteCount) throws(StoreError) -> BlobWriter {
        try keepReserve(beside: sizeHint)
        let number = staged.wrappingAdd(1, ordering: .relaxed).newValue
        let name = "\(String(seed, radix: 16))-\(number)"
        return try BlobWriter(
            store: self, path: layout.staging.appending(name), sizeHint: sizeHint)
    }

    /// Stores bytes that are in memory already.
    public func put(_ bytes: [UInt8]) throws(StoreError) -> Blob {
        let writer = try begin(sizeHint: ByteCount(bytes.count))
        try writer.append(bytes)
        return try writer.finish()
    }

    /// Opens a blob for reading; the caller closes it.
    public func open(_ digest: ContentDigest) throws(StoreError) -> FileDescriptor {
        guard let descriptor = try openIfThere(digest) else { throw .missing(digest) }
        return descriptor
    }

    /// The size of a blob; nil where there is none.
    public func size(of digest: ContentDigest) throws(StoreError) -> ByteCount? {
        let status = try attempt("look at blob \(digest)") {
            try FileStatus(at: layout.path(of: digest))
        }
        guard let status, status.isRegular else { return nil }
        return status.size
    }

    /// Whether there is a blob of this digest; its bytes are not looked at.
    public func contains(_ digest: ContentDigest) throws(StoreError) -> Bool {
        try size(of: digest) != nil
    }

    /// Removes a blob for good; returns whether it was there.
    public func remove(_ digest: ContentDigest) throws(StoreError) -> Bool {
        try attempt("remove blob \(digest)") {
            guard try FileCalls.unlink(layout.path(of: digest)) else { return false }
            try FileCalls.syncFolder(layout.folder(of: digest))
            return true
        }
    }

    /// Reads a blob again from beginning to end and compares it with its name.
    public func verify(_ digest: ContentDigest) throws(StoreError) -> BlobVerdict {
        let status = try attempt("look at blob \(digest)") {
            try FileStatus(at: layout.path(of: digest))
        }
        guard let status else { return .missing }
        guard status.isRegular else { return .damaged }
        guard let descriptor = try openIfThere(digest) else { return .missing }
        defer { close(descriptor) }
        var hasher = SHA256()
        _ = try hash(descriptor, into: &hasher)
        return digest.bytes.elementsEqual(hasher.finalize()) ? .sound : .damaged
    }

    private func openIfThere(_ digest: ContentDigest) throws(StoreError) -> FileDescriptor? {
        try attempt("open blob \(digest)") {
            do {
                return try FileDescriptor.open(
                    layout.path(of: digest), .readOnly,
                    options: [.closeOnExec, .noFollow, .nonBlocking])
            } catch Errno.noSuchFileOrDirectory {
                return nil
            }
        }
    }

    func close(_ descriptor: FileDescriptor) {
        // Closing what was only read can fail, but not in a way that changes what was read.
        _ = Glibc.close(descriptor.rawValue)
    }

    /// Reads a whole file into `hasher`; returns its size.
    func hash(
        _ descriptor: FileDescriptor, into hasher: inout SHA256
    ) throws(StoreError) -> ByteCount {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Self.chunkLength, alignment: 64)
        defer { buffer.deallocate() }
        var offset: Int64 = 0
        while true {
            let count = try attempt("read from the store") {
                try descriptor.read(fromAbsoluteOffset: offset, into: buffer)
            }
            guard count > 0 else { return ByteCount(offset) }
            hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += Int64(count)
        }
    }
}

// What writers ask for when they finish, and fsck when it walks through.
extension BlobStore {
    func blobFolder(_ components: [FilePath.Component]) -> FilePath {
        layout.blobs.appending(components)
    }

    /// Whether the blob is there already; if so, it is durable once this returns, and spared by
    /// collectors as one that was stored just now.
    func meets(_ blob: Blob) throws(StoreError) -> Bool {
        try attempt("meet blob \(blob.digest)") {
            let path = layout.path(of: blob.digest)
            // Most content is new: that is told without a lock, and what comes meanwhile is replaced.
            guard try FileStatus(at: path) != nil else { return false }
            let folder = layout.folder(of: blob.digest)
            return try FileCalls.withFolderLocked(folder, exclusively: false) { descriptor in
                // One of another size is damaged, and about to be replaced by the good copy at hand.
                guard let status = try FileStatus(at: path), status.isRegular,
                    status.size == blob.size
                else { return false }
                try FileCalls.touch(path)
                // Whoever brought it may not have come so far yet.
                try FileCalls.sync(descriptor)
                return true
            } ?? false
        }
    }

    /// Renames synced files of one folder into their places.
    ///
    /// A folder that could not be synced may be tried again, unlike a file: ext4, xfs and btrfs
    /// take no more writes after that, so that no later success can mislead.
    ///
    /// - Returns: the folder, which is to be synced and closed, and why a file was not renamed, for
    ///   each in the same order.
    func rename(
        _ files: [SealedBlob], into folder: FilePath
    ) throws(StoreError) -> (folder: FileDescriptor, refusals: [StoreError?]) {
        let descriptor = try attempt("open a folder of the store") {
            // A new name is a change of the file: collectors see that it was stored just now.
            try FileCalls.openLocked(folder, exclusively: false)
        }
        guard let descriptor else {
            throw StoreError("open a folder of the store", .noSuchFileOrDirectory)
        }
        defer { FileCalls.unlock(descriptor) }
        let refusals = files.map { file -> StoreError? in
            do throws(StoreError) {
                try attempt("move into the store") {
                    try FileCalls.rename(file.path, to: layout.path(of: file.blob.digest))
                }
                return nil
            } catch {
                return error
            }
        }
        return (descriptor, refusals)
    }
}
