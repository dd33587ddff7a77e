import Foundation
import SystemPackage
import Testing

@testable import ingestd

/// A socket on which a service manager would listen.
private final class NotifySocket {
    let descriptor: Int32

    /// `name` begins with `@` for an abstract socket.
    init(_ name: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        if name.hasPrefix("@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length)
            }
        }
        try #require(bound == 0)
    }

    deinit { close(descriptor) }

    /// The next datagram; nil if none waits.
    func next() -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}

@Suite struct ServiceManagerTests {
    private func names(_ folder: TemporaryFolder) -> [String] {
        ["\(folder.path)/notify", "@ingestd-test-\(UUID().uuidString)"]
    }

    @Test func `notices reach a socket by path and an abstract one`() throws {
        let folder = try TemporaryFolder()
        for name in names(folder) {
            let socket = try NotifySocket(name)
            let manager = try #require(
                ServiceManager(socket: name, watchdog: nil, watchdogProcess: nil))
            for notice in [
                ServiceManager.Notice.ready, .stopping, .watchdog, .status("3\nREADY=0"),
            ] {
                try manager.notify(notice)
            }
            #expect(socket.next() == "READY=1")
            #expect(socket.next() == "STOPPING=1")
            #expect(socket.next() == "WATCHDOG=1")
            #expect(socket.next() == "STATUS=3\u{FFFD}READY=0")
            try manager.notify(.reloading)
            #expect(socket.next()?.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") == true)
        }
    }

    @Test func `a manager that has gone is an error and no wait`() throws {
        let folder = try TemporaryFolder()
        let manager = ServiceManager(
            socket: "\(folder.path)/none", watchdog: nil, watchdogProcess: nil)
        #expect(throws: Errno.noSuchFileOrDirectory) { try manager?.notify(.ready) }
    }

    @Test(arguments: [nil, "", "relative", "/" + String(repeating: "x", count: 200)])
    func `without a usable socket there is no manager`(socket: String?) {
        #expect(ServiceManager(socket: socket, watchdog: nil, watchdogProcess: nil) == nil)
    }

    @Test(arguments: [
        ("30000000", nil, Duration.seconds(15)), ("30000000", "1", nil), ("0", nil, nil),
        (nil, nil, nil), ("30000000", String(getpid()), .seconds(15)),
    ])
    func `the watchdog is fed at half its patience, where it is ours`(
        patience: String?, process: String?, interval: Duration?
    ) {
        let manager = ServiceManager(
            socket: "/run/notify", watchdog: patience, watchdogProcess: process)
        #expect(manager?.watchdogInterval == interval)
    }
}
