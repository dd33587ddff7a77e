/// What the system is told to mount, held against what is mounted.
public enum MissingMount {
    /// The mount point that `path` belongs on and does not stand on: the deepest one at or above it
    /// in the table, where no mount as deep is there; nil where nothing is missing.
    ///
    /// - Parameters:
    ///   - path: absolute; where something is there, with all links replaced.
    ///   - present: where the mount stands that it is on.
    ///   - table: the text of `/etc/fstab`.
    ///
    /// Rule: fstab(5).
    public static func find(
        at path: String, on present: String, table: some Sequence<UInt8>
    ) -> String? {
        points(table)
            .filter { point in
                (path == point || path.hasPrefix(point + "/"))
                    && point.utf8.count > present.utf8.count
            }
            .max { $0.utf8.count < $1.utf8.count }
    }

    private static func points(_ table: some Sequence<UInt8>) -> [String] {
        Array(table).split(separator: UInt8(ascii: "\n")).compactMap { line -> String? in
            let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            guard words.count >= 3, words[0].first != UInt8(ascii: "#"),
                words[1].first == UInt8(ascii: "/")
            else { return nil }
            var point = MountTable.unescaped(words[1])
            while point.count > 1, point.last == UInt8(ascii: "/") { point.removeLast() }
            return String(decoding: point, as: UTF8.self)
        }
    }
}
