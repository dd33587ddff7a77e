import ArgumentParser
import Glibc

/// Finds the status file that belongs to what a person named.
enum StatusFinder {
    /// Why there is nothing to show.
    struct NotFound: Error, Hashable {
        let message: String
        let exitCode: ExitCode

        static func == (left: NotFound, right: NotFound) -> Bool { left.message == right.message }
        func hash(into hasher: inout Hasher) { hasher.combine(message) }
    }

    /// Looks beside the file, under its own name and then under a shortened one.
    ///
    /// - Throws: ``NotFound``.
    static func find(_ path: String) throws(NotFound) -> (status: StatusFile, json: [UInt8]) {
        let (folderPath, name) = split(path)
        guard !name.isEmpty, name != ".", name != ".." else {
            throw NotFound(
                message: "\(path) is a folder; `ingestd ls` lists what is in one",
                exitCode: .noInput)
        }
        do {
            let folder = try SidecarFolder(path: folderPath)
            if name.hasSuffix(SidecarFolder.suffix), let found = try read(name, in: folder) {
                return found
            }
            if let found = try read(name + SidecarFolder.suffix, in: folder) { return found }
            // A name too long for its sidecar was shortened; the status file has it whole.
            for sidecar in try folder.names().sidecars where name.utf8.count > 200 {
                if case .status(let status, let json) = folder.read(sidecar),
                    status.fileName == name
                {
                    return (status, json)
                }
            }
        } catch let failure as SidecarFolder.Failure {
            let isForbidden = failure.code == EACCES
            throw NotFound(
                message: "\(failure)", exitCode: isForbidden ? .noPermission : .noInput)
        } catch let error as NotFound {
            throw error
        } catch {
            throw NotFound(message: "\(error)", exitCode: .inputOutput)
        }
        throw NotFound(
            message: "\(path) has no status file: ingestd has not seen it, or not in this folder",
            exitCode: .noInput)
    }

    private static func read(
        _ name: String, in folder: borrowing SidecarFolder
    ) throws(NotFound) -> (status: StatusFile, json: [UInt8])? {
        switch folder.read(name) {
        case .status(let status, let json): return (status, json)
        case .notOurs: return nil
        case .unreadable(let reason, let code):
            throw NotFound(
                message: "\(folder.path)/\(name): \(reason)",
                exitCode: code == EACCES ? .noPermission : code == 0 ? .dataError : .inputOutput)
        }
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        return (folder, String(path[path.index(after: slash)...]))
    }
}
