import Rules
import SystemPackage

/// A folder that holds blobs, as a walk through the store meets it.
public struct StoreFolder: Sendable {
    let path: FilePath
    /// The regular files at the places that their digests name; their bytes have not been looked at.
    public var blobs: [Blob] = []
    /// The paths below the state directory of anything else; what is in a folder of that kind is not told.
    public var strangers: [String] = []
}

extension BlobStore {
    /// Calls `body` with each folder that may hold blobs and what stands in it, in no order.
    ///
    /// A folder holds no more than its 256th of the store, so that little is in memory at once.
    /// `blobs/` itself comes along last, without blobs, where there are strangers in it.
    ///
    /// - Throws: ``StoreError``, and what `body` throws.
    public func forEachFolder(_ body: (StoreFolder) throws -> Void) throws {
        var stray = StoreFolder(path: layout.blobs)
        for name in try names(in: []) {
            guard try isFolder([name]), Self.isByte(name.string) else {
                stray.strangers.append("blobs/\(name)")
                continue
            }
            var folder = StoreFolder(path: blobFolder([name]))
            for entry in try names(in: [name]) { try sort(entry, of: name, into: &folder) }
            try body(folder)
        }
        if !stray.strangers.isEmpty { try body(stray) }
    }

    private func sort(
        _ name: FilePath.Component, of parent: FilePath.Component, into folder: inout StoreFolder
    ) throws(StoreError) {
        let path = "blobs/\(parent)/\(name)"
        guard let digest = ContentDigest(hex: name.string), Self.place(of: digest) == path else {
            folder.strangers.append(path)
            return
        }
        let status = try attempt("look at blob \(digest)") {
            try FileStatus(at: layout.path(of: digest))
        }
        // It may have been collected since the folder was listed.
        guard let status else { return }
        if status.isRegular {
            folder.blobs.append(Blob(digest: digest, size: status.size))
        } else {
            folder.strangers.append(path)
        }
    }

    private func names(in folder: [FilePath.Component]) throws(StoreError) -> [FilePath.Component] {
        try attempt("list the store") {
            var names: [FilePath.Component] = []
            try FileCalls.listIfThere(blobFolder(folder)) { names.append($0) }
            return names
        }
    }

    private func isFolder(_ path: [FilePath.Component]) throws(StoreError) -> Bool {
        try attempt("look into the store") {
            try FileStatus(at: blobFolder(path))?.isFolder ?? false
        }
    }

    private static func isByte(_ name: String) -> Bool { Hexadecimal.decode(name)?.count == 1 }
}
