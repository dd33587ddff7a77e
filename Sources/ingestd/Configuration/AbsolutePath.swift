import Glibc

/// Paths as they are written: without touching the file system, but for ``resolved(_:)``.
enum AbsolutePath {
    /// The path without `.`, doubled slashes and slashes at the end; nil unless it is absolute and free of `..` and NUL.
    ///
    /// `..` is refused and not folded: behind a link it means another folder than it seems to.
    static func plain(_ path: String) -> String? {
        guard path.utf8.first == UInt8(ascii: "/"), !path.utf8.contains(0) else { return nil }
        let parts = components(path)
        guard !parts.contains("..") else { return nil }
        return "/" + parts.joined(separator: "/")
    }

    /// A path of the command line: a relative one is taken from `folder`, `..` is folded as the shell's `cd` does.
    static func plain(_ path: String, from folder: String) -> String? {
        guard !path.isEmpty, !path.utf8.contains(0) else { return nil }
        let isAbsolute = path.utf8.first == UInt8(ascii: "/")
        var kept: [Substring] = []
        for part in components(isAbsolute ? path : folder + "/" + path) {
            if part == ".." {
                if !kept.isEmpty { kept.removeLast() }
            } else {
                kept.append(part)
            }
        }
        return "/" + kept.joined(separator: "/")
    }

    /// Whether `path` is `folder` or stands beneath it; both must be plain.
    static func isWithin(_ path: String, _ folder: String) -> Bool {
        components(path).starts(with: components(folder))
    }

    /// The folder that a plain path stands in; the root stands in itself.
    static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    /// The path with all its links followed; as it is where it does not exist yet or cannot be looked at.
    static func resolved(_ path: String) -> String {
        guard let found = realpath(path, nil) else { return path }
        defer { free(found) }
        return String(cString: found)
    }

    private static func components(_ path: String) -> [Substring] {
        path.split(separator: "/").filter { $0 != "." }
    }
}
