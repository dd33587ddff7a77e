import Glibc
import WorkerProtocol

/// Serves a document of a hundred pages well, but for page 40, over which it dies.
enum DiesOverPage {
    private static let deadly = 40

    static func serve() {
        while let request = Wall.nextRequest() {
            switch request {
            case .info: Wall.send(.finished(.info(PDFSummary(pages: 100, metadata: [:]))))
            case .pages(let pages) where pages.pages.contains(deadly):
                Honest.draw(pages.first..<deadly)
                abort()
            case .text, .thumbnail, .tableImport, .pages: Honest.finish(request)
            }
        }
    }
}
