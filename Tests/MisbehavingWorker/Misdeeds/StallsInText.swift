import Glibc
import WorkerProtocol

/// Serves well until it is asked for text: it then gives two pages and a half, and no more.
enum StallsInText {
    static func serve() {
        while let request = Wall.nextRequest() {
            if case .text = request { giveHalf() }
            Honest.finish(request)
        }
    }

    private static func giveHalf() -> Never {
        Wall.send(.artifactBegun(name: "text.txt", mediaType: "text/plain"))
        Wall.send(.artifactBytes(Array("one\u{c}two\u{c}thr".utf8)))
        while true { pause() }
    }
}
