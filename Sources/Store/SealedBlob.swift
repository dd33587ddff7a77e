import Rules
import SystemPackage

/// Content that is durable in staging, and to be given its place among the blobs.
///
/// Whoever has one hands it to ``BlobStore/adopt(_:)``; what a crash leaves is removed at the start.
public struct SealedBlob: Sendable {
    public let blob: Blob
    let path: FilePath
    /// Whether the same content stood in its place already; nothing is in staging then.
    let isMet: Bool
}

extension BlobStore {
    /// How many pieces ``pieces(of:)`` makes at most.
    public static let pieceLimit = 8

    /// Deals sealed content out so that each folder of the store is in one piece only: pieces may be
    /// adopted side by side, and each folder is synced once.
    public func pieces(of sealed: [SealedBlob]) -> [[SealedBlob]] {
        var pieces = [[SealedBlob]](repeating: [], count: Self.pieceLimit)
        for file in sealed { pieces[Int(file.blob.digest.bytes[0]) % Self.pieceLimit].append(file) }
        return pieces.filter { !$0.isEmpty }
    }

    /// Gives content its place; it outlasts a power cut once this returns.
    ///
    /// All names are given before the first folder is synced: a file system with a journal writes
    /// them down together, and has little left to do for the other folders. So many folders are
    /// open for a moment, one for each file at most.
    ///
    /// - Returns: what stands in the way, for each in the same order; nil mostly.
    public func adopt(_ sealed: [SealedBlob]) -> [StoreError?] {
        var obstacles = [StoreError?](repeating: nil, count: sealed.count)
        let unplaced = sealed.indices.filter { !sealed[$0].isMet }
        var folders: [(descriptor: FileDescriptor, members: [Int])] = []
        for group in Dictionary(grouping: unplaced, by: { sealed[$0].blob.digest.bytes[0] }).values
        {
            guard let first = group.first else { continue }
            do throws(StoreError) {
                let folder = layout.folder(of: sealed[first].blob.digest)
                let (descriptor, refusals) = try rename(group.map { sealed[$0] }, into: folder)
                for (index, refusal) in zip(group, refusals) { obstacles[index] = refusal }
                folders.append((descriptor, group.filter { obstacles[$0] == nil }))
            } catch {
                for index in group { obstacles[index] = error }
            }
        }
        for (descriptor, members) in folders {
            defer { close(descriptor) }
            do throws(StoreError) {
                try attempt("sync in the store") { try FileCalls.sync(descriptor) }
            } catch {
                for index in members { obstacles[index] = error }
            }
        }
        // Those that were renamed already are nobody's now, as after a crash.
        for (file, obstacle) in zip(sealed, obstacles) where obstacle != nil { remove(file) }
        return obstacles
    }

    /// The same for one.
    func adopt(_ sealed: SealedBlob) throws(StoreError) {
        if case .some(.some(let obstacle)) = adopt([sealed]).first { throw obstacle }
    }

    /// Removes sealed content that nobody wants any more.
    public func remove(_ sealed: SealedBlob) {
        guard !sealed.isMet else { return }
        do {
            _ = try FileCalls.unlink(sealed.path)
        } catch {
            // What stays for want of a working disk is removed when staging is emptied at the start.
        }
    }
}
