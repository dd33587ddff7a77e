import Rules
import SystemPackage

/// What a walk through the store has removed, or would remove.
public struct CollectedBlobs: Sendable, Hashable {
    public var removed = 0
    public var bytes = ByteCount.zero
    /// Blobs of no use that were stored too recently to be told from those of a claim in flight.
    public var spared = 0

    public init() {}
}

extension BlobStore {
    /// Removes the blobs that nobody has stored or met since `moment` and that are not wanted.
    ///
    /// Safe beside writers in this and other processes: a writer shares a lock on the blob's folder
    /// while it meets the blob or renames it into place, either of which renews its time of change;
    /// here the folder is locked alone while that time and the want are asked for once more and the
    /// blob goes. So a writer either comes first, and the blob is too young, or comes second, and
    /// finds that it must bring the blob itself.
    /// Rule: docs/design.md, "Garbage".
    ///
    /// - Parameters:
    ///   - moment: nil where nobody else can be at work on the store.
    ///   - isDry: whether to count only.
    ///   - wanted: which of these are to stay; asked once for a folder, and again under its lock.
    public func collect(
        unusedSince moment: Timestamp?, isDry: Bool,
        wanted: ([ContentDigest]) throws -> Set<ContentDigest>
    ) throws -> CollectedBlobs {
        var outcome = CollectedBlobs()
        try forEachFolder { folder in
            let useless = try unwanted(folder.blobs, wanted)
            let old = try useless.filter { try isUntouched($0, since: moment) }
            outcome.spared += useless.count - old.count
            let gone =
                isDry ? old : try remove(old, in: folder.path, untouchedSince: moment, wanted)
            outcome.removed += gone.count
            outcome.bytes = gone.reduce(outcome.bytes) { $0 + $1.size }
        }
        return outcome
    }

    /// The same for blobs that are known by name.
    ///
    /// - Returns: what was removed, and what nobody wants that was stored or met too recently.
    public func collect(
        _ digests: [ContentDigest], unusedSince moment: Timestamp,
        wanted: ([ContentDigest]) throws -> Set<ContentDigest>
    ) throws -> (removed: [Blob], spared: [ContentDigest]) {
        var removed: [Blob] = []
        var spared: [ContentDigest] = []
        for (folder, names) in Dictionary(grouping: digests, by: { layout.folder(of: $0) }) {
            let blobs = try names.compactMap { digest in
                try size(of: digest).map { Blob(digest: digest, size: $0) }
            }
            let useless = try unwanted(blobs, wanted)
            let gone = try remove(
                useless.filter { try isUntouched($0, since: moment) }, in: folder,
                untouchedSince: moment, wanted)
            removed += gone
            spared += useless.filter { !gone.contains($0) }.map(\.digest)
        }
        return (removed, spared)
    }

    private func unwanted(
        _ blobs: [Blob], _ wanted: ([ContentDigest]) throws -> Set<ContentDigest>
    ) throws -> [Blob] {
        guard !blobs.isEmpty else { return [] }
        let kept = try wanted(blobs.map(\.digest))
        return blobs.filter { !kept.contains($0.digest) }
    }

    private func isUntouched(_ blob: Blob, since moment: Timestamp?) throws -> Bool {
        let status = try attempt("look at blob \(blob.digest)") {
            try FileStatus(at: layout.path(of: blob.digest))
        }
        guard let status, status.isRegular else { return false }
        return moment.map { status.changed < $0 } ?? true
    }

    /// Removes what is still untouched and unwanted once the folder is locked; returns that.
    private func remove(
        _ blobs: [Blob], in folder: FilePath, untouchedSince moment: Timestamp?,
        _ wanted: ([ContentDigest]) throws -> Set<ContentDigest>
    ) throws -> [Blob] {
        guard !blobs.isEmpty else { return [] }
        let gone: [Blob]?
        do {
            gone = try FileCalls.withFolderLocked(folder, exclusively: true) { descriptor in
                let old = try blobs.filter { try isUntouched($0, since: moment) }
                let gone = try unwanted(old, wanted).filter { blob in
                    try FileCalls.unlink(layout.path(of: blob.digest))
                }
                if !gone.isEmpty { try FileCalls.sync(descriptor) }
                return gone
            }
        } catch let errno as Errno {
            throw StoreError("remove blobs", errno)
        }
        return gone ?? []
    }
}
