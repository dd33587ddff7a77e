import Glibc
import Rules
import Testing
import WorkerProtocol

@testable import Stages

/// What stages said about one file.
struct StageRun {
    private(set) var replies: [StageReply] = []

    /// Runs stages one after the other over a file, as one worker does.
    init(
        _ path: String, _ requests: StageRequest..., limits: StageLimits = StageLimits(),
        readiness: PDFReadiness? = nil
    ) throws {
        let descriptor = open(path, O_RDONLY)
        try #require(descriptor >= 0, "cannot open \(path)")
        defer { close(descriptor) }
        let stages = StageTable(descriptor: descriptor, limits: limits, readiness: readiness)
        for request in requests { try stages.run(request) { replies.append($0) } }
    }

    /// The last artifact's bytes; nil where none was finished.
    var artifact: [UInt8]? {
        guard replies.contains(.artifactEnded) else { return nil }
        return replies.reduce(into: []) { bytes, reply in
            switch reply {
            case .artifactBegun: bytes = []
            case .artifactBytes(let more): bytes += more
            case .progress, .artifactEnded, .tableBegun, .rows, .rejected, .warning, .finished,
                .failed:
                break
            }
        }
    }

    var text: String? { artifact.map { String(decoding: $0, as: UTF8.self) } }

    var warnings: [String] {
        replies.compactMap { reply in
            guard case .warning(let text) = reply else { return nil }
            return text
        }
    }

    var failure: Failure? {
        guard case .failed(let failure) = replies.last else { return nil }
        return failure
    }

    var result: StageResult? {
        guard case .finished(let result) = replies.last else { return nil }
        return result
    }

    var summary: PDFSummary? {
        guard case .info(let summary) = result else { return nil }
        return summary
    }
}

extension StageRequest {
    static let info = StageRequest.info(pageLimit: 20_000)
    static let text = StageRequest.text(pageLimit: 20_000, byteLimit: 64 << 20)
    static let thumbnail = StageRequest.thumbnail(ThumbnailSettings())
}

/// Where the sources of this package lie.
let packageFolder = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

/// A PDF of this package's own making.
func fixture(_ name: String) -> String { "\(packageFolder)/Tests/Fixtures/pdf/\(name)" }
