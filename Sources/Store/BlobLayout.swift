import Rules
import SystemPackage

/// Where things stand below the state directory.
///
/// Rule: docs/formats.md, "State directory".
struct BlobLayout: Sendable {
    let staging: FilePath
    let blobs: FilePath

    init(root: FilePath) {
        staging = root.appending("staging")
        blobs = root.appending("blobs")
    }

    /// `blobs/ab`, for the digests that begin with this byte.
    func outerFolder(_ digest: ContentDigest) -> FilePath {
        blobs.appending(Hexadecimal.encode(digest.bytes[..<1]))
    }

    /// `blobs/ab/cd`, for the digests that begin with these two bytes.
    func innerFolder(_ digest: ContentDigest) -> FilePath {
        outerFolder(digest).appending(Hexadecimal.encode(digest.bytes[1..<2]))
    }

    func path(of digest: ContentDigest) -> FilePath {
        innerFolder(digest).appending(digest.hex)
    }
}

/// Which of the 65,536 inner folders are known to outlast a power cut.
///
/// A folder counts once its own entry and its parent's have been synced by this process: one that
/// merely exists may have been made an instant before the last one died.
struct DurableFolders: Sendable {
    private var known = [UInt64](repeating: 0, count: 1024)

    func contains(_ digest: ContentDigest) -> Bool {
        let (word, bit) = Self.place(digest)
        return known[word] & bit != 0
    }

    mutating func insert(_ digest: ContentDigest) {
        let (word, bit) = Self.place(digest)
        known[word] |= bit
    }

    private static func place(_ digest: ContentDigest) -> (word: Int, bit: UInt64) {
        let folder = Int(digest.bytes[0]) << 8 | Int(digest.bytes[1])
        return (folder / 64, 1 << UInt64(folder % 64))
    }
}
