import Inbox
import Rules
import SystemPackage

/// Finds the status files of drops that went away, unclaimed, while nobody was looking.
struct StrayStatusFiles {
    /// Enough for the lines that say what it is and that no document belongs to it.
    private static let openingLength = 64
    /// The beginning of a status file that speaks of a drop. Rule: docs/formats.md, "Status files".
    private static let opening = Array(
        "{\"schema\":\"ingestd/status/1\",\n  \"document_id\":null,".utf8)

    let files: InboxFiles
    /// What lies in the folder of the drops where that is another; nil where it is this one.
    let drops: [FileName]?

    /// What one folder holds.
    struct Folder: Sendable {
        /// The drops that are gone, as far as their sidecars' names tell.
        var strays: [BeneathPath] = []
        /// Those whose status file says nothing, as a power cut leaves it; it may be a document's.
        var emptied: [BeneathPath] = []
        /// The folders in it that may hold more.
        var folders: [BeneathPath] = []
    }

    /// Looks through one folder; one that went away or is closed holds nothing.
    func look(in folder: BeneathPath) throws -> Folder {
        var found = Folder()
        var names: [FileName] = []
        do {
            try files.list(folder) { name, kind in
                if kind == .folder {
                    let isOurs = SidecarNames.isResults(name: name)
                    let isHidden = name.bytes.first == UInt8(ascii: ".")
                    if !isOurs, !isHidden { found.folders.append(folder.appending(name)) }
                } else {
                    names.append(name)
                }
                return true
            }
        } catch let error as InboxError {
            guard error.isAbsence || error.errno == .permissionDenied else { throw error }
        }
        let expected = Set((drops ?? names).map { SidecarNames(of: $0).status })
        for name in names where !expected.contains(name) {
            guard let drop = SidecarNames.drop(ofStatus: name) else { continue }
            guard let opening = try opening(of: folder.appending(name)) else { continue }
            if opening.allSatisfy({ $0 == 0 }) {
                found.emptied.append(folder.appending(drop))
            } else if opening.starts(with: Self.opening) {
                found.strays.append(folder.appending(drop))
            }
        }
        return found
    }

    /// How a regular file begins; what its owner may not read was not written by ingestd.
    private func opening(of path: BeneathPath) throws(InboxError) -> [UInt8]? {
        do throws(InboxError) {
            return try files.readPrefix(path, limit: Self.openingLength)
        } catch  where error.errno == .permissionDenied {
            return nil
        }
    }
}
