import WorkerProtocol

/// Takes a request and turns in circles, saying nothing.
enum Spins {
    static func commit() {
        guard let request = Wall.nextRequest() else { return }
        Wall.send(artifact: Honest.artifact(of: request), "spinning")
        var turns: UInt64 = 0
        while turns != .max { turns &+= 2 }
    }
}
