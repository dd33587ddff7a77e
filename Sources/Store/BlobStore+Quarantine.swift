import Glibc
import Rules
import SystemPackage

extension BlobStore {
    /// Where what is damaged or foreign is set aside, below the state directory.
    ///
    /// Rule: docs/formats.md, "State directory".
    public static let quarantineName = "quarantine"

    /// The path below the state directory at which a blob stands.
    public static func place(of digest: ContentDigest) -> String {
        let hex = digest.hex
        return "blobs/\(hex.prefix(2))/\(hex)"
    }

    /// Makes the quarantine where it is missing, and makes that durable; returns its path.
    public func prepareQuarantine() throws(StoreError) -> FilePath {
        let quarantine = root.appending(Self.quarantineName)
        try attempt("make the quarantine") {
            try FileCalls.makeFolder(quarantine)
            try FileCalls.syncFolder(root)
        }
        return quarantine
    }

    /// Moves what stands at a path below the state directory into the quarantine, never over
    /// anything.
    ///
    /// - Returns: its path there; nil where nothing stood at `place`.
    public func setAside(_ place: String) throws(StoreError) -> String? {
        let quarantine = try prepareQuarantine()
        let source = root.appending(place)
        return try attempt("move \(place) into quarantine") {
            let name = Self.nameInQuarantine(of: place)
            for number in 0... {
                let target = quarantine.appending(number == 0 ? name : "\(name).\(number)")
                guard try FileStatus(at: target) == nil else { continue }
                do {
                    try FileCalls.rename(source, to: target)
                } catch Errno.noSuchFileOrDirectory {
                    return nil
                }
                try FileCalls.syncFolder(source.removingLastComponent())
                try FileCalls.syncFolder(quarantine)
                return target.string
            }
            return nil
        }
    }

    /// Whether a blob that was damaged, or what stood in its place, lies in quarantine.
    public func isSetAside(_ digest: ContentDigest) throws(StoreError) -> Bool {
        let name = Self.nameInQuarantine(of: Self.place(of: digest))
        return try attempt("look into quarantine") {
            try FileStatus(at: root.appending(Self.quarantineName).appending(name)) != nil
        }
    }

    /// The path with dashes, and room for a number behind it.
    private static func nameInQuarantine(of place: String) -> String {
        String(place.split(separator: "/").joined(separator: "-").utf8.prefix(200)) ?? "unnamed"
    }

    /// What stands in staging, by name: copies that may be removed, and what is no file of ours.
    public func stagedEntries() throws(StoreError) -> (copies: [String], strangers: [String]) {
        try attempt("list staging") {
            var staged: (copies: [String], strangers: [String]) = ([], [])
            try FileCalls.listIfThere(layout.staging) { name in
                guard let status = try FileStatus(at: layout.staging.appending(name)) else {
                    return
                }
                if status.isFolder {
                    staged.strangers.append(name.string)
                } else {
                    staged.copies.append(name.string)
                }
            }
            return staged
        }
    }

    /// Gives a blob that another user has stored, and its folder, to the owner of the store.
    public func handOver(_ digest: ContentDigest) throws(StoreError) {
        try attempt("hand over blob \(digest)") {
            var store = stat()
            guard layout.blobs.withPlatformString({ lstat($0, &store) }) == 0 else {
                throw Errno(rawValue: errno)
            }
            guard store.st_uid != geteuid() else { return }
            for path in [layout.folder(of: digest), layout.path(of: digest)] {
                guard path.withPlatformString({ lchown($0, store.st_uid, store.st_gid) }) == 0
                else { throw Errno(rawValue: errno) }
            }
        }
    }
}
