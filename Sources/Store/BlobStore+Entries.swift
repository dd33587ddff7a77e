import Rules
import SystemPackage

extension BlobStore {
    /// Calls `body` with everything that stands below `blobs/`, in no order.
    ///
    /// - Throws: ``StoreError``, and what `body` throws.
    public func forEachEntry(_ body: (StoreEntry) throws -> Void) throws {
        try forEachName(in: []) { folder in
            guard try isFolder([folder]), Self.isByte(folder.string) else {
                try body(.stranger(folder.string))
                return
            }
            try forEachName(in: [folder]) { name in
                try body(entry(in: folder, name: name))
            }
        }
    }

    /// Calls `body` with each folder that may hold blobs, and the blobs in it.
    func forEachFolder(_ body: (FilePath, [Blob]) throws -> Void) throws {
        try forEachName(in: []) { folder in
            guard try isFolder([folder]), Self.isByte(folder.string) else { return }
            var blobs: [Blob] = []
            try forEachName(in: [folder]) { name in
                if case .blob(let blob) = try entry(in: folder, name: name) {
                    blobs.append(blob)
                }
            }
            try body(blobFolder([folder]), blobs)
        }
    }

    private func entry(
        in folder: FilePath.Component, name: FilePath.Component
    ) throws -> StoreEntry {
        let text = name.string
        guard let digest = ContentDigest(hex: text), text.hasPrefix(folder.string),
            let size = try size(of: digest)
        else { return .stranger("\(folder)/\(text)") }
        return .blob(Blob(digest: digest, size: size))
    }

    private func forEachName(
        in folder: [FilePath.Component], _ body: (FilePath.Component) throws -> Void
    ) throws {
        // Listed first and told afterwards: what `body` throws is not ours to name, and a folder
        // holds no more than its share of the store.
        var names: [FilePath.Component] = []
        try attempt("list the store") {
            try FileCalls.list(blobFolder(folder)) { names.append($0) }
        }
        for name in names { try body(name) }
    }

    private func isFolder(_ path: [FilePath.Component]) throws(StoreError) -> Bool {
        try attempt("look into the store") {
            try FileStatus(at: blobFolder(path))?.isFolder ?? false
        }
    }

    private static func isByte(_ name: String) -> Bool { Hexadecimal.decode(name)?.count == 1 }
}
