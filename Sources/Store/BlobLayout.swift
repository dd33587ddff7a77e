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

    /// All folders that blobs stand in.
    var folders: [FilePath] {
        (UInt8.min ... .max).map { blobs.appending(Hexadecimal.encode([$0][...])) }
    }

    /// `blobs/ab`, for the digests that begin with this byte.
    func folder(of digest: ContentDigest) -> FilePath {
        blobs.appending(Hexadecimal.encode(digest.bytes[..<1]))
    }

    func path(of digest: ContentDigest) -> FilePath {
        folder(of: digest).appending(digest.hex)
    }
}
