import CLinux
import Crypto
import Glibc
import Rules
import Synchronization
import SystemPackage

/// Content on its way into the store: a file in staging that grows and is hashed as it grows.
///
/// Used by one thread at a time. Dropped unfinished, it leaves nothing behind.
public final class BlobWriter: Sendable {
    /// From this size on the room is asked for before the first byte is copied.
    private static let leastAllocation = ByteCount.mebibytes(1)

    private struct State {
        var hasher = SHA256()
        var size = ByteCount.zero
        var sizeHint: ByteCount
        var isAllocated = false
        var isSpent = false
    }

    private let store: BlobStore
    private let path: FilePath
    private let descriptor: FileDescriptor
    private let state: Mutex<State>

    init(store: BlobStore, path: FilePath, sizeHint: ByteCount) throws(StoreError) {
        self.store = store
        self.path = path
        descriptor = try attempt("create in staging") {
            // Nobody may write it, not even we ourselves through another descriptor.
            try FileDescriptor.open(
                path, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec, .noFollow],
                permissions: .ownerRead)
        }
        state = Mutex(State(sizeHint: sizeHint))
    }

    deinit { discard() }

    /// How much has been taken so far.
    public var size: ByteCount { state.withLock { $0.size } }
    /// The digest of what has been taken so far.
    public var digest: ContentDigest? { state.withLock { ContentDigest($0.hasher.finalize()) } }

    /// Takes the next bytes.
    ///
    /// - Throws: ``StoreError``; the writer can then only be discarded.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        try state.withLock { state throws(StoreError) in
            precondition(!state.isSpent, "nothing is appended to a writer that has ended")
            try allocate(&state)
            guard !bytes.isEmpty else { return }
            let written = try attempt("write into staging") { try descriptor.write(bytes) }
            guard written == bytes.count else {
                throw .shortWrite(wanted: bytes.count, written: written)
            }
            state.hasher.update(bufferPointer: bytes)
            state.size = state.size + ByteCount(written)
        }
    }

    /// Takes the next bytes.
    ///
    /// - Throws: ``StoreError``; the writer can then only be discarded.
    public func append(_ bytes: [UInt8]) throws(StoreError) {
        try bytes.withUnsafeBytes { raw in
            Result { () throws(StoreError) in try append(raw) }
        }.get()
    }

    /// Takes all of another file by sharing its blocks, then reads the clone to hash it.
    ///
    /// Nothing may have been appended. Whether `source` held still meanwhile is for the caller.
    ///
    /// - Returns: false, with nothing taken, where the file systems cannot share blocks.
    public func cloneWhole(from source: FileDescriptor) throws(StoreError) -> Bool {
        try state.withLock { state throws(StoreError) in
            precondition(
                !state.isSpent && state.size == .zero, "only a fresh writer can become a clone")
            let code = clinux_clone_file(descriptor.rawValue, source.rawValue)
            guard code == 0 else {
                switch -code {
                case EOPNOTSUPP, EXDEV, EINVAL, ENOTTY, ENOSYS, EPERM, ETXTBSY: return false
                default: throw StoreError("clone into staging", Errno(rawValue: -code))
                }
            }
            state.isAllocated = true
            state.size = try store.hash(descriptor, into: &state.hasher)
            state.sizeHint = state.size
            return true
        }
    }

    /// Makes the content durable under its digest; the writer has then ended, well or not.
    ///
    /// Once it returns, the blob outlasts a power cut. Content that is there already is met, not
    /// written again.
    public func finish() throws(StoreError) -> Blob {
        let sealed = try seal()
        try store.adopt(sealed)
        return sealed.blob
    }

    /// Tells the disk to begin to write what it will be asked to sync; waits for nothing.
    public func beginWriteback() {
        clinux_begin_writeback(descriptor.rawValue)
    }

    /// Waits until the disk has taken the bytes; only ``seal()`` makes them durable.
    ///
    /// What this waits for all writers of a batch before the first of them is sealed, the first one's
    /// sync writes down for all of them where the file system has a journal.
    ///
    /// - Throws: ``StoreError``; the writer can then only be discarded.
    public func awaitWriteback() throws(StoreError) {
        let code = clinux_await_writeback(descriptor.rawValue)
        switch -code {
        // A file system that cannot be asked is told by the sync.
        case 0, EINVAL, ENOSYS, ESPIPE: return
        default: throw StoreError("write back in staging", Errno(rawValue: -code))
        }
    }

    /// Makes the content durable in staging, under no name that lasts; the writer has then ended,
    /// well or not. ``BlobStore/adopt(_:)`` gives it its place.
    public func seal() throws(StoreError) -> SealedBlob {
        try state.withLock { state throws(StoreError) in
            precondition(!state.isSpent, "a writer ends once")
            // Spent whatever comes: after a failed fsync the kernel may call lost pages clean, so
            // that a second one on this descriptor would succeed and mean nothing.
            state.isSpent = true
            defer { close() }
            do throws(StoreError) {
                return try seal(&state)
            } catch {
                removeStaged()
                throw error
            }
        }
    }

    /// Gives up and leaves nothing behind. A writer that has ended already stays as it ended.
    public func discard() {
        state.withLock { state in
            guard !state.isSpent else { return }
            state.isSpent = true
            removeStaged()
            close()
        }
    }

    private func seal(_ state: inout State) throws(StoreError) -> SealedBlob {
        guard let digest = ContentDigest(state.hasher.finalize()) else {
            preconditionFailure("a SHA-256 has \(ContentDigest.byteLength) bytes")
        }
        let blob = Blob(digest: digest, size: state.size)
        if try store.meets(blob) {
            removeStaged()
            return SealedBlob(blob: blob, path: path, isMet: true)
        }
        if state.isAllocated, state.sizeHint > state.size {
            try attempt("give back room in staging") {
                try descriptor.resize(to: state.size.bytes)
            }
        }
        try attempt("sync in staging") { try FileCalls.sync(descriptor) }
        return SealedBlob(blob: blob, path: path, isMet: false)
    }

    /// Asks for all the room at once, so that a full disk is told before gigabytes are copied.
    private func allocate(_ state: inout State) throws(StoreError) {
        guard !state.isAllocated, state.sizeHint >= Self.leastAllocation else { return }
        state.isAllocated = true
        let code = clinux_allocate(descriptor.rawValue, state.sizeHint.bytes)
        guard code != 0 else { return }
        let reason = Errno(rawValue: -code)
        // A file system that cannot promise room is written to all the same.
        guard reason != .notSupported, reason != .noFunction else { return }
        throw StoreError("allocate in staging", reason)
    }

    private func removeStaged() {
        // What stays for want of a working disk is removed when staging is emptied at the start.
        _ = path.withPlatformString { unlink($0) }
    }

    private func close() {
        // Nothing is lost by a close that fails: what matters was synced, the rest is discarded.
        _ = Glibc.close(descriptor.rawValue)
    }
}
