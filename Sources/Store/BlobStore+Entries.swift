import Rules
import SystemPackage

extension BlobStore {
    /// Calls `body` with everything that stands below `blobs/`, in no order.
    ///
    /// - Throws: ``StoreError``, and what `body` throws.
    public func forEachEntry(_ body: (StoreEntry) throws -> Void) throws {
        try forEachName(in: []) { outer in
            guard try isFolder([outer]), Self.isByte(outer.string) else {
                try body(.stranger(outer.string))
                return
            }
            try forEachName(in: [outer]) { inner in
                guard try isFolder([outer, inner]), Self.isByte(inner.string) else {
                    try body(.stranger("\(outer)/\(inner)"))
                    return
                }
                try forEachName(in: [outer, inner]) { name in
                    try body(entry(outer: outer, inner: inner, name: name))
                }
            }
        }
    }

    /// Calls `body` with each folder that may hold blobs, and the blobs in it.
    func forEachFolder(_ body: (FilePath, [Blob]) throws -> Void) throws {
        try forEachName(in: []) { outer in
            guard try isFolder([outer]), Self.isByte(outer.string) else { return }
            try forEachName(in: [outer]) { inner in
                guard try isFolder([outer, inner]), Self.isByte(inner.string) else { return }
                var blobs: [Blob] = []
                try forEachName(in: [outer, inner]) { name in
                    if case .blob(let blob) = try entry(outer: outer, inner: inner, name: name) {
                        blobs.append(blob)
                    }
                }
                try body(blobFolder([outer, inner]), blobs)
            }
        }
    }

    private func entry(
        outer: FilePath.Component, inner: FilePath.Component, name: FilePath.Component
    ) throws -> StoreEntry {
        let text = name.string
        guard let digest = ContentDigest(hex: text), text.hasPrefix(outer.string + inner.string),
            let size = try size(of: digest)
        else { return .stranger("\(outer)/\(inner)/\(text)") }
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
