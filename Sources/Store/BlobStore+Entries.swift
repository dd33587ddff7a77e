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
    /// A folder holds no more than its 65,536th of the store, so that little is in memory at once.
    /// Those further up, which hold only strangers and folders, come along without blobs.
    ///
    /// - Throws: ``StoreError``, and what `body` throws.
    public func forEachFolder(_ body: (StoreFolder) throws -> Void) throws {
        try forEachFolder(below: []) { outer in
            try forEachFolder(below: [outer]) { inner in
                var folder = StoreFolder(path: blobFolder([outer, inner]))
                for name in try names(in: [outer, inner]) {
                    try sort(name, outer: outer, inner: inner, into: &folder)
                }
                try body(folder)
            } strangers: {
                try body($0)
            }
        } strangers: {
            try body($0)
        }
    }

    /// Calls `body` with the folders that bear a byte's name, and then `strangers` with the rest.
    private func forEachFolder(
        below path: [FilePath.Component], _ body: (FilePath.Component) throws -> Void,
        strangers: (StoreFolder) throws -> Void
    ) throws {
        var folder = StoreFolder(path: blobFolder(path))
        for name in try names(in: path) {
            if try isFolder(path + [name]), Self.isByte(name.string) {
                try body(name)
            } else {
                folder.strangers.append(
                    "blobs/" + (path + [name]).map(\.string).joined(separator: "/"))
            }
        }
        if !folder.strangers.isEmpty { try strangers(folder) }
    }

    private func sort(
        _ name: FilePath.Component, outer: FilePath.Component, inner: FilePath.Component,
        into folder: inout StoreFolder
    ) throws(StoreError) {
        let path = "blobs/\(outer)/\(inner)/\(name)"
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
