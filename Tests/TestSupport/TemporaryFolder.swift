import Glibc
import SystemPackage

/// A fresh folder for one test, gone with it.
public final class TemporaryFolder: Sendable {
    public let path: String
    private let isOwn: Bool

    public init() throws {
        var template = Array("/tmp/ingestd-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        isOwn = true
        path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    /// A folder that another one is rid of.
    public init(at path: String) throws {
        self.path = path
        isOwn = false
    }

    deinit { if isOwn { run("rm", "-rf", path) } }

    public func callAsFunction(_ name: String) -> String { path + "/" + name }

    public func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws {
        let file = open(self(name), O_WRONLY | O_CREAT | O_TRUNC, mode)
        guard file >= 0 else { throw Errno(rawValue: errno) }
        defer { close(file) }
        let bytes = Array(text.utf8)
        guard Glibc.write(file, bytes, bytes.count) == bytes.count else {
            throw Errno(rawValue: errno)
        }
    }

    public func exists(_ name: String) -> Bool {
        var facts = stat()
        return lstat(self(name), &facts) == 0
    }

    public func facts(_ name: String) throws -> stat {
        var facts = stat()
        guard lstat(self(name), &facts) == 0 else { throw Errno(rawValue: errno) }
        return facts
    }
}

/// Runs a program to its end.
@discardableResult
public func run(_ arguments: String...) -> Int32 {
    var child = pid_t()
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { pointers.forEach { free($0) } }
    guard posix_spawnp(&child, arguments[0], nil, nil, &pointers, environ) == 0 else { return -1 }
    var status: Int32 = 0
    waitpid(child, &status, 0)
    return status
}
