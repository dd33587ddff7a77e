import CLinux
import Glibc
import WorkerProtocol

/// A program of this package, running with nothing on descriptor 0, a socket that keeps messages apart on 1
/// and a pipe on 2.
final class SpawnedProgram {
    let processID: pid_t
    private(set) var channel: Int32
    private let log: Int32

    /// How a process ended.
    enum End: Equatable, CustomStringConvertible {
        case exited(Int32)
        case killed(signal: Int32)

        /// Reads a status as wait(2) tells it.
        init(status: Int32) {
            self =
                status & 0x7f == 0
                ? .exited(status >> 8 & 0xff) : .killed(signal: status & 0x7f)
        }

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

    /// - Parameter wrapper: another program, with its arguments, that starts this one; without a path it is
    ///   one of this package.
    init(_ name: String, arguments: [String], through wrapper: [String] = []) throws {
        var channels: [Int32] = [0, 0]
        let kind = Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue)
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
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, channels[1], 1)
        posix_spawn_file_actions_adddup2(&actions, logs[1], 2)

        var line = wrapper + [Self.productFolder + "/" + name]
        if !line[0].hasPrefix("/") { line[0] = Self.productFolder + "/" + line[0] }
        let path = line[0]
        var argv = (line + arguments).map { strdup($0) } + [nil]
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

    /// Gives a template an order; returns its answer, nil where it has gone, and the descriptor that came
    /// with it or -1.
    func order(
        _ order: TemplateOrder, _ descriptors: [Int32]
    ) throws -> (TemplateReply?, descriptor: Int32) {
        let message = order.encoded()
        let count = Int32(descriptors.count)
        guard linux_send_descriptors(channel, message, message.count, descriptors, count) > 0
        else { return (nil, -1) }
        var answer = [UInt8](repeating: 0, count: TemplateOrder.lengthLimit)
        var descriptor: Int32 = -1
        let length = linux_receive(channel, &answer, answer.count, 0, &descriptor, 1)
        guard length > 0 else { return (nil, -1) }
        return (try TemplateReply(answer[..<length]), descriptor)
    }

    func closeChannel() {
        if channel >= 0 { close(channel) }
        channel = -1
    }

    /// Everything written to descriptor 1, to its end.
    func channelText() -> String { Self.text(of: channel) }

    /// Everything said on descriptor 2, to its end.
    func logText() -> String { Self.text(of: log) }

    /// Everything that can be read from a descriptor.
    static func text(of descriptor: Int32) -> String {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += buffer[..<count]
        }
    }

    /// Waits for the end.
    func end() -> End {
        var status: Int32 = 0
        while waitpid(processID, &status, 0) < 0, errno == EINTR {}
        return End(status: status)
    }

    /// A file of a process below `/proc`, as text.
    static func processFile(_ name: String, of process: pid_t) throws -> String {
        let descriptor = open("/proc/\(process)/\(name)", O_RDONLY)
        guard descriptor >= 0 else { throw SpawnError(step: "open \(name)", code: errno) }
        defer { close(descriptor) }
        return text(of: descriptor)
    }
}

/// Where the sources of this package lie.
let packageFolder = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

/// A PDF of this package's own making.
func fixture(_ name: String) -> String { "\(packageFolder)/Tests/Fixtures/pdf/\(name)" }
