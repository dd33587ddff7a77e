import Dispatch
import Foundation

/// The socket on which a service manager listens, and what is said to it.
final class ServiceManagerEar {
    /// What was heard before what was waited for.
    struct Unheard: Error {
        let before: [String]
    }

    let path: String
    private let notices: AsyncStream<String>
    private let source: any DispatchSourceRead

    /// Listens in a folder; the socket's name goes with the folder.
    init(in folder: String) throws {
        let path = folder + "/notify"
        self.path = path
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0 else {
            close(descriptor)
            throw POSIXError(.EADDRINUSE)
        }
        let (notices, heard) = AsyncStream.makeStream(of: String.self)
        self.notices = notices
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor)
        source.setEventHandler {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            if count >= 0 { heard.yield(String(decoding: bytes.prefix(count), as: UTF8.self)) }
        }
        source.setCancelHandler { close(descriptor) }
        source.activate()
    }

    deinit { source.cancel() }

    /// Returns what was said before this, once this is said.
    ///
    /// - Throws: ``Unheard`` at the test's time limit.
    @discardableResult
    func heard(_ notice: String) async throws -> [String] {
        var before: [String] = []
        for await said in notices {
            if said == notice { return before }
            before.append(said)
        }
        throw Unheard(before: before)
    }
}
