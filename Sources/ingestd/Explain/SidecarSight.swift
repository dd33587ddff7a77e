import Inbox
import Publish
import Rules

/// What ingestd wrote about one path, as far as whoever looks may read it.
struct SidecarSight: Sendable {
    /// The status file of the path's name, if it is ingestd's.
    private(set) var status: StatusFile?
    /// Where the results of the path's name are; nil where there are none.
    private(set) var results: String?
    private(set) var inbox: InboxSummary?

    /// - Parameters:
    ///   - files: those of the folder in which sidecars stand; exists only while that runs.
    ///   - folder: its path.
    init(_ files: InboxFiles, of path: BeneathPath, in folder: String) {
        let summary = BeneathPath([SidecarNames.inboxStatus])
        do {
            inbox = try Self.own(summary, InboxSummary.sizeLimit, files).map(InboxSummary.init)
        } catch {
            // Of another version, or damaged: it says nothing that could be told.
            inbox = nil
        }
        guard !path.isRoot else { return }
        let place = SidecarPlace(of: path)
        do {
            status = try Self.own(place.status, SidecarFolder.sizeLimit, files)
                .map(StatusFile.init)
        } catch {
            // As above.
            status = nil
        }
        do throws(InboxError) {
            let isThere = try files.entry(place.results)?.kind == .folder
            results = isThere ? "\(folder)/\(place.results)" : nil
        } catch {
            results = nil
        }
    }

    /// The content of a file of ingestd's own; nil where it is not, or may not be read.
    private static func own(
        _ path: BeneathPath, _ limit: Int, _ files: InboxFiles
    ) -> [UInt8]? {
        do throws(InboxError) {
            guard let bytes = try files.readSmall(path, limit: limit),
                SidecarNames.isStatus(opening: bytes)
            else { return nil }
            return bytes
        } catch {
            return nil
        }
    }
}
