import Glibc
import Rules
import SystemPackage

extension BlobStore {
    /// What the store leaves free of a file system of this capacity, so that the catalogue, status files
    /// and the operator have room when it is as good as full.
    ///
    /// Rule: docs/design.md, "Store".
    public static func reserve(of capacity: ByteCount) -> ByteCount {
        min(.mebibytes(64), ByteCount(capacity.bytes / 64))
    }

    /// - Throws: ``StoreError/full(attempt:errno:)`` where content of this size would use the reserve up.
    func keepReserve(beside size: ByteCount) throws(StoreError) {
        let facts = try attempt("ask for the room in staging") {
            var facts = statvfs()
            let code = layout.staging.withPlatformString { statvfs($0, &facts) }
            guard code == 0 else { throw Errno(rawValue: errno) }
            return facts
        }
        // Some file systems have no bound, or do not tell it.
        guard facts.f_blocks > 0 else { return }
        let unit = Int64(clamping: facts.f_frsize)
        let reserve = Self.reserve(of: ByteCount(Int64(clamping: facts.f_blocks) * unit))
        let free = ByteCount(Int64(clamping: facts.f_bavail) * unit)
        guard free < reserve + size else { return }
        throw .full(
            attempt: "keep \(reserve) free beside \(size), of \(free)", errno: .noSpace)
    }
}
