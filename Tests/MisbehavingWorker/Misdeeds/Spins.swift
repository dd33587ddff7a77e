import WorkerProtocol

/// Takes a request and turns in circles, saying nothing.
enum Spins {
    static func commit() {
        _ = Wall.nextRequest()
        Wall.send(artifact: "begun.txt", "spinning")
        var turns: UInt64 = 0
        while turns != .max { turns &+= 2 }
    }
}
