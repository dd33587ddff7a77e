import CLinux
import Glibc
import Rules
import SystemPackage

/// systemd, as far as a service talks to it: one datagram for each thing to say.
///
/// Rule: sd_notify(3), sd_watchdog_enabled(3).
struct ServiceManager: Sendable {
    /// Something to say.
    enum Notice: Sendable, Hashable {
        case ready
        /// The configuration is being read anew; ``ready`` must follow.
        case reloading
        case stopping
        /// The daemon is alive and gets on.
        case watchdog
        /// One line for `systemctl status`.
        case status(String)
    }

    private let address: [UInt8]
    /// How often ``Notice/watchdog`` must be said: half the time after which systemd loses patience. Nil if never.
    let watchdogInterval: Duration?

    /// Nil where no service manager listens: `socket` is the variable `NOTIFY_SOCKET`.
    ///
    /// Parameters `watchdog` and `watchdogProcess` are `WATCHDOG_USEC` and `WATCHDOG_PID`.
    init?(socket: String?, watchdog: String?, watchdogProcess: String?) {
        guard let socket, let first = socket.utf8.first,
            first == UInt8(ascii: "/") || first == UInt8(ascii: "@"),
            socket.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path)
        else { return nil }
        var bytes = Array(socket.utf8)
        // An abstract socket's name begins with NUL, which no variable can hold.
        if first == UInt8(ascii: "@") { bytes[0] = 0 }
        address = bytes
        let isOurs = watchdogProcess.map { $0 == String(getpid()) } ?? true
        let microseconds = watchdog.flatMap(Int64.init) ?? 0
        watchdogInterval = isOurs && microseconds > 0 ? .microseconds(microseconds / 2) : nil
    }

    /// The one that started this process.
    static func current() -> ServiceManager? {
        ServiceManager(
            socket: Environment.value("NOTIFY_SOCKET"),
            watchdog: Environment.value("WATCHDOG_USEC"),
            watchdogProcess: Environment.value("WATCHDOG_PID"))
    }

    /// Says something. Never waits: a manager that does not read misses it.
    ///
    /// - Throws: `Errno` where it could not be said.
    func notify(_ notice: Notice) throws(Errno) {
        let descriptor = Glibc.socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        defer { close(descriptor) }
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: address) }
        // An abstract name ends where the length says, a path at its NUL, which is not counted in.
        let length = MemoryLayout<sa_family_t>.size + address.count
        let message = Array(text(notice).utf8)
        let sent = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                sendto(
                    descriptor, message, message.count,
                    Int32(MSG_NOSIGNAL)
                        | Int32(MSG_DONTWAIT), generic, socklen_t(length))
            }
        }
        guard sent == message.count else { throw Errno(rawValue: errno) }
    }

    private func text(_ notice: Notice) -> String {
        switch notice {
        case .ready: "READY=1"
        case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(Self.monotonicMicroseconds())"
        case .stopping: "STOPPING=1"
        case .watchdog: "WATCHDOG=1"
        case .status(let line): "STATUS=" + TerminalText.line(line)
        }
    }

    private static func monotonicMicroseconds() -> Int64 {
        linux_clock_nanoseconds(CLOCK_MONOTONIC) / 1000
    }
}
