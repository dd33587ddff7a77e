import Glibc
import SystemPackage

/// Small files that the kernel writes as they are read: those below `/proc` and `/sys`.
enum ProcFile {
    /// A process may have many maps; past this something else is wrong with it.
    private static let limit = 16 << 20

    /// The whole text; nil where it cannot be read.
    static func text(_ path: String) -> String? {
        do {
            let file = try FileDescriptor.open(
                FilePath(path), .readOnly, options: [.closeOnExec, .nonBlocking])
            return try file.closeAfter {
                var bytes: [UInt8] = []
                var chunk = [UInt8](repeating: 0, count: 64 << 10)
                while bytes.count < limit {
                    let count = try chunk.withUnsafeMutableBytes { try file.read(into: $0) }
                    guard count > 0 else { break }
                    bytes += chunk.prefix(count)
                }
                return String(decoding: bytes, as: UTF8.self)
            }
        } catch {
            // What cannot be read is not known; whoever asks says so.
            return nil
        }
    }

    /// What stands behind `KEY:` in a text of such lines.
    static func value(_ key: String, in text: String) -> String? {
        let line = text.split(separator: "\n").first { $0.hasPrefix(key + ":") }
        return line.map { line in
            let value = line.dropFirst(key.utf8.count + 1).drop { $0 == " " || $0 == "\t" }
            return String(value)
        }
    }

    /// A file that holds one number.
    static func number(_ path: String) -> Int? {
        text(path).flatMap { Int($0.prefix { $0 != "\n" }) }
    }
}
