import Glibc
import WorkerProtocol

/// Serves its first document, and has grown too large for any other.
enum Declines {
    static func second() {
        guard let first = Wall.nextRequest() else { return }
        Honest.answer(first)
        while let order = Wall.nextOrder() {
            switch order {
            case .stage(let request): Honest.answer(request)
            case .document: exit(75)
            }
        }
    }
}
