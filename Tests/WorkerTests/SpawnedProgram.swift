import Glibc
import Testing

/// A program of this package, running with a file on descriptor 0, a channel on 1 and a pipe on 2.
final class SpawnedProgram {
    let processID: pid_t
    private(set) var channel: Int32
    private let log: Int32

    /// How a process ended.
    enum End: Equatable, CustomStringConvertible {
        case exited(Int32)
        case killed(signal: Int32)

        var description: String {
            switch self {
            case .exited(let status): "exited with \(status)"
            case .killed(let signal): "killed by signal \(signal)"
            }
        }
    }

    struct SpawnError: Error {
        let step: String
        let code: Int32
    }

    init(_ name: String, arguments: [String], input: String = "/dev/null") throws {
        var channels: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &channels) == 0 else {
            throw SpawnError(step: "socketpair", code: errno)
        }
        var logs: [Int32] = [0, 0]
        guard pipe(&logs) == 0, fcntl(logs[0], F_SETFD, FD_CLOEXEC) == 0 else {
            throw SpawnError(step: "pipe", code: errno)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, channels[1], 1)
        posix_spawn_file_actions_adddup2(&actions, logs[1], 2)

        let path = Self.productFolder + "/" + name
        var argv = ([path] + arguments).map { strdup($0) } + [nil]
        defer { for argument in argv { free(argument) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var pid: pid_t = 0
        let code = posix_spawn(&pid, path, &actions, nil, &argv, &environment)
        close(channels[1])
        close(logs[1])
        guard code == 0 else { throw SpawnError(step: "spawn \(path)", code: code) }
        processID = pid
        channel = channels[0]
        log = logs[0]
    }

    deinit {
        closeChannel()
        close(log)
    }

    /// Where the build puts executables: beside the bundle of tests that is running.
    private static var productFolder: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let path = String(decoding: buffer.prefix(max(0, count)).map(UInt8.init), as: UTF8.self)
        return path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    }

    /// Writes to the channel; a program that has gone is no error.
    func send(_ bytes: [UInt8]) {
        _ = Glibc.send(channel, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// The next bytes on the channel; empty once the program has closed it.
    func receive() -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(channel, &buffer, buffer.count)
        return Array(buffer.prefix(max(0, count)))
    }

    func closeChannel() {
        if channel >= 0 { close(channel) }
        channel = -1
    }

    /// Says that no more requests come, while replies may still.
    func endRequests() { shutdown(channel, Int32(SHUT_WR)) }

    /// Everything said on descriptor 2, to its end.
    func logText() -> String {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(log, &buffer, buffer.count)
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += buffer[..<count]
        }
    }

    /// Waits for the end.
    func end() -> End {
        var status: Int32 = 0
        while waitpid(processID, &status, 0) < 0, errno == EINTR {}
        return status & 0x7f == 0 ? .exited(status >> 8 & 0xff) : .killed(signal: status & 0x7f)
    }

    /// A file of the process below `/proc`, as text.
    func processFile(_ name: String) throws -> String {
        let descriptor = open("/proc/\(processID)/\(name)", O_RDONLY)
        guard descriptor >= 0 else { throw SpawnError(step: "open \(name)", code: errno) }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += buffer[..<count]
        }
    }
}

/// Where the sources of this package lie.
let packageFolder = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

/// A PDF of this package's own making.
func fixture(_ name: String) -> String { "\(packageFolder)/Tests/Fixtures/pdf/\(name)" }
