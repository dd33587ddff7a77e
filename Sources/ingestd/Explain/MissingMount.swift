import Glibc
import Rules

/// What is mounted, and what the system is told to mount.
enum MissingMount {
    /// How to mount what belongs at a path or above it and is not there; nil where nothing does.
    static func remedy(for path: String) -> String? {
        guard let table = ProcFile.text("/etc/fstab"),
            let mounted = ProcFile.text("/proc/self/mounts")
        else { return nil }
        return find(at: path, table: table, mounted: mounted).map {
            "it is not mounted: mount " + ShellWord.quoted($0)
        }
    }

    /// The deepest mount point at or above `path` that is in the table and not mounted.
    ///
    /// Rule: fstab(5).
    static func find(at path: String, table: String, mounted: String) -> String? {
        let present = Set(points(mounted))
        return points(table)
            .filter { $0 != "/" && AbsolutePath.isWithin(path, $0) && !present.contains($0) }
            .max { $0.utf8.count < $1.utf8.count }
    }

    private static func points(_ table: String) -> [String] {
        table.split(separator: "\n").compactMap { line in
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count >= 3, !words[0].hasPrefix("#"), words[1].hasPrefix("/") else {
                return nil
            }
            return unescaped(words[1])
        }
    }

    /// Spaces, tabs and backslashes are written as `\` and three octal digits.
    private static func unescaped(_ word: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(word.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(3), as: UTF8.self)
            if byte == UInt8(ascii: "\\"), digits.utf8.count == 3,
                let code = UInt8(digits, radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
