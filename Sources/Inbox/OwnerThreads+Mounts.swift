import Glibc
import Rules
import SystemPackage

extension OwnerThreads {
    private static let table = "/etc/fstab"
    /// The table of every system fits many times.
    private static let tableLimit = 1 << 20

    /// The mount point where the system is told to mount what belongs at a path or above it, and
    /// nothing is mounted; nil where nothing is missing, or the system does not tell.
    ///
    /// - Parameter location: where something is there, with all links replaced.
    public func missingMount(at location: String) -> String? {
        let table: [UInt8]
        do {
            let file = try FileDescriptor.open(
                FilePath(Self.table), .readOnly, options: [.closeOnExec, .nonBlocking])
            defer { closeQuietly(file) }
            var bytes = [UInt8](repeating: 0, count: Self.tableLimit)
            let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
            table = Array(bytes.prefix(count))
        } catch {
            // A system without the file is told of no mounts.
            return nil
        }
        return MissingMount.find(at: location, table: table, mounts: register.current().table)
    }

    /// Where the mount stands that a path without links leads to; the path of the whole file system
    /// where the system does not tell.
    func mountPoint(of location: [UInt8]) -> String {
        register.current().table.mountPoint(of: location) ?? "/"
    }
}
