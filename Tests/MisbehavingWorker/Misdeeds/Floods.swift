import WorkerProtocol

/// Says the same thing without end.
enum Floods {
    static func log() {
        _ = Wall.nextRequest()
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 65_535) + [UInt8(ascii: "\n")]
        while true { Wall.write(line, to: 2) }
    }

    static func artifact() {
        guard let request = Wall.nextRequest() else { return }
        let name = Honest.artifact(of: request)
        Wall.send(.artifactBegun(name: name, mediaType: "application/octet-stream"))
        let piece = StageReply.artifactBytes([UInt8](repeating: 0, count: 1 << 20)).encoded()
        while true { Wall.write(piece, to: 1) }
    }

    static func progress() {
        _ = Wall.nextRequest()
        var frames: [UInt8] = []
        for _ in 0..<1000 { frames += StageReply.progress(done: 9, total: 3).encoded() }
        while true { Wall.write(frames, to: 1) }
    }

    /// A thousand warnings with a line break each, and then an honest end.
    static func warnings() {
        guard let request = Wall.nextRequest() else { return }
        for number in 0..<1000 { Wall.send(.warning("warning\n\(number)")) }
        Honest.finish(request)
        while Wall.nextRequest() != nil {}
    }
}
