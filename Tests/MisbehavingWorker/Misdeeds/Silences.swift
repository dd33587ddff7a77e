import Glibc
import WorkerProtocol

/// Lives on without a word, each time in another posture.
enum Silences {
    static func closingSocket() {
        _ = Wall.nextRequest()
        close(1)
        while true { pause() }
    }

    static func midFrame() {
        _ = Wall.nextRequest()
        Wall.write([200, 0, 0, 0, 16, 1, 2], to: 1)
        while Wall.nextRequest() != nil {}
    }

    static func stopped() {
        _ = Wall.nextRequest()
        raise(SIGSTOP)
    }

    static func notReading() {
        while true { pause() }
    }
}
