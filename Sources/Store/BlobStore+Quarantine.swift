import Glibc
import Rules
import SystemPackage

extension BlobStore {
    /// Where what is damaged or foreign is set aside, below the state directory.
    ///
    /// Rule: docs/formats.md, "State directory".
    public static let quarantineName = "quarantine"

    /// The path below `blobs/` at which a blob stands.
    public static func place(of digest: ContentDigest) -> String {
        let hex = digest.hex
        return "\(hex.prefix(2))/\(hex)"
    }

    /// Moves what stands at a path below `blobs/` into the quarantine, never over anything.
    ///
    /// - Returns: its path there; nil where nothing stood at `place`.
    public func setAside(_ place: String) throws(StoreError) -> String? {
        let quarantine = root.appending(Self.quarantineName)
        let source = layout.blobs.appending(place)
        return try attempt("move \(place) into quarantine") {
            try FileCalls.makeFolder(quarantine)
            let name = "blobs-" + place.split(separator: "/").joined(separator: "-")
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

    /// The names of the files in staging.
    public func stagedNames() throws(StoreError) -> [String] {
        try attempt("list staging") {
            var names: [String] = []
            try FileCalls.list(layout.staging) { names.append($0.string) }
            return names
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
