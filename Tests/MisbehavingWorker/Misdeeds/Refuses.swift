import Glibc
import Rules
import WorkerProtocol

/// Fails each odd request in so many words and serves each even one.
enum Refuses {
    static func serve() {
        while let first = Wall.nextRequest() {
            let name = Honest.artifact(of: first)
            Wall.send(.artifactBegun(name: name, mediaType: "text/plain"))
            Wall.send(
                .failed(
                    Failure(
                        .pdfCorrupt, message: "no\u{1b}[2J good", detail: "open \(first.stage): bad"
                    )
                ))
            guard let second = Wall.nextRequest() else { return }
            Honest.answer(second)
        }
    }
}
