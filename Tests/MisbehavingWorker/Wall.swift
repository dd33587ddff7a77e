import Glibc
import Rules
import WorkerProtocol

/// This side's end of the wall: requests in, replies out, both on descriptor 1.
enum Wall {
    /// What the daemon says.
    enum Order {
        case stage(StageRequest)
        /// Another document: its descriptor is lost in a plain read, and nobody here misses it.
        case document
    }

    /// The next request; nil at the end of the stream.
    static func nextRequest() -> StageRequest? {
        while let order = nextOrder() {
            if case .stage(let request) = order { return request }
        }
        return nil
    }

    /// The next request or document; nil at the end of the stream.
    static func nextOrder() -> Order? {
        guard let header = read(Frame.headerLength) else { return nil }
        do {
            let (length, kind) = try Frame.header(header)
            if kind == DocumentTurn.frameKind { return .document }
            guard kind == StageRequest.frameKind, let payload = read(length) else { exit(65) }
            return .stage(try StageRequest(payload: payload[...]))
        } catch {
            exit(65)
        }
    }

    static func send(_ reply: StageReply) { write(reply.encoded(), to: 1) }

    static func send(artifact name: String, _ text: String) {
        send(.artifactBegun(name: name, mediaType: "text/plain"))
        send(.artifactBytes(Array(text.utf8)))
        send(.artifactEnded)
    }

    static func log(_ text: String) { write(Array((text + "\n").utf8), to: 2) }

    /// Writes all of it, or leaves when nobody listens any more.
    static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { exit(74) }
            rest = rest.dropFirst(count)
        }
    }

    private static func read(_ count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var chunk = [UInt8](repeating: 0, count: count - bytes.count)
            let got = Glibc.read(1, &chunk, chunk.count)
            guard got > 0 else { return nil }
            bytes += chunk.prefix(got)
        }
        return bytes
    }
}
