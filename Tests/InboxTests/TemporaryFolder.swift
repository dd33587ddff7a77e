import Glibc
import SystemPackage

/// A fresh folder for one test, gone with it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/ingestd-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    deinit { run("rm", "-rf", path) }

    func callAsFunction(_ name: String) -> String { path + "/" + name }

    func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws {
        let file = open(self(name), O_WRONLY | O_CREAT | O_TRUNC, mode)
        guard file >= 0 else { throw Errno(rawValue: errno) }
        defer { close(file) }
        let bytes = Array(text.utf8)
        guard Glibc.write(file, bytes, bytes.count) == bytes.count else {
            throw Errno(rawValue: errno)
        }
    }

    func exists(_ name: String) -> Bool {
        var facts = stat()
        return lstat(self(name), &facts) == 0
    }

    func facts(_ name: String) throws -> stat {
        var facts = stat()
        guard lstat(self(name), &facts) == 0 else { throw Errno(rawValue: errno) }
        return facts
    }
}

/// Runs a program to its end.
@discardableResult
func run(_ arguments: String...) -> Int32 {
    var child = pid_t()
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { pointers.forEach { free($0) } }
    guard posix_spawnp(&child, arguments[0], nil, nil, &pointers, environ) == 0 else { return -1 }
    var status: Int32 = 0
    waitpid(child, &status, 0)
    return status
}
