import WorkerProtocol

/// Sends one artifact in pieces, so that its size never matters to memory.
struct ArtifactSender {
    /// Small pieces are gathered up to this many bytes; so many go out at once.
    static let pieceLength = 256 << 10

    private let send: (StageReply) throws -> Void
    private var gathered: [UInt8] = []

    init(name: String, mediaType: String, send: @escaping (StageReply) throws -> Void) throws {
        self.send = send
        try send(.artifactBegun(name: name, mediaType: mediaType))
    }

    mutating func append(_ bytes: some Collection<UInt8>) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Self.pieceLength - gathered.count)
            gathered.append(contentsOf: piece)
            rest = rest.dropFirst(piece.count)
            if gathered.count == Self.pieceLength { try flush() }
        }
    }

    /// To be called last.
    mutating func end() throws {
        try handOver()
        try send(.artifactEnded)
    }

    /// Sends what was gathered, so that it is there whatever happens to this process.
    mutating func handOver() throws {
        if !gathered.isEmpty { try flush() }
    }

    private mutating func flush() throws {
        try send(.artifactBytes(gathered))
        gathered.removeAll(keepingCapacity: true)
    }
}
