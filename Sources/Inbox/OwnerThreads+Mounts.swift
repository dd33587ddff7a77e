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
        register.current().table.mountPoint(of: Array(location.utf8)).flatMap {
            missingMount(at: location, on: $0)
        }
    }

    /// The same for a directory that is open: only the mount that it stands on itself tells. Another
    /// may have been mounted above it just now.
    func missingMount(at location: String, on present: String) -> String? {
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
        return MissingMount.find(at: location, on: present, table: table)
    }

    /// Where the mount stands that an open directory is on; nil where the system does not tell.
    ///
    /// The directory is asked and not its path, at which something else may be mounted by now.
    ///
    /// - Throws: `ESTALE` for one whose mount was taken away since it was opened.
    func mountPoint(of directory: FileDescriptor, at location: [UInt8]) throws(Errno) -> String? {
        let table = register.current().table
        guard let number = Entry.mountNumber(of: directory) else {
            return table.mountPoint(of: location)
        }
        if let point = table.mountPoint(ofMount: number) { return point }
        // The mount of a changed root is in no table, nor is any above it.
        guard table.mountPoint(of: location) == nil else { throw .staleNFSFileHandle }
        return nil
    }
}
