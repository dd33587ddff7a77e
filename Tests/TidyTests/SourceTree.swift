import Foundation

/// The files of this package, as the tests find them.
enum SourceTree {
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// One file: where it is below the root, and its lines.
    struct File: CustomStringConvertible {
        let path: String
        let lines: [Substring]
        var description: String { path }
    }

    /// The files below a folder whose names end in one of `suffixes`; hidden folders are left out.
    static func files(below folder: String, _ suffixes: String...) throws -> [File] {
        var found: [File] = []
        try collect(folder, suffixes, into: &found)
        return found
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    private static func collect(
        _ folder: String, _ suffixes: [String], into found: inout [File]
    ) throws {
        let manager = FileManager.default
        let names = try manager.contentsOfDirectory(atPath: root.appending(path: folder).path)
        for name in names.sorted() where !name.hasPrefix(".") {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            var isFolder: ObjCBool = false
            _ = manager.fileExists(
                atPath: root.appending(path: path).path, isDirectory: &isFolder)
            if isFolder.boolValue {
                try collect(path, suffixes, into: &found)
            } else if suffixes.contains(where: name.hasSuffix) {
                let lines = try text(path).split(separator: "\n", omittingEmptySubsequences: false)
                found.append(File(path: path, lines: lines))
            }
        }
    }
}
