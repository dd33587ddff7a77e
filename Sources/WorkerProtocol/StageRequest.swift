import Rules

/// What the daemon asks of a worker: one stage over the blob on descriptor 0.
public enum StageRequest: Sendable, Hashable {
    /// Frame kind of every request.
    public static let frameKind: UInt8 = 1

    /// A document with more pages is refused.
    case info(pageLimit: Int)
    /// The text of the first pages, up to so many of them and so many bytes.
    case text(pageLimit: Int, byteLimit: Int)
    case thumbnail(ThumbnailSettings)
    /// Pictures of some of the pages.
    case pages(PageRequest)
    case tableImport(TableRequest)

    public var stage: StageName {
        switch self {
        case .info: .info
        case .text: .text
        case .thumbnail: .thumbnail
        case .pages: .pages
        case .tableImport: .tableImport
        }
    }

    /// The request as a whole frame.
    public func encoded() -> [UInt8] {
        var wire = WireWriter()
        switch self {
        case .info(let pageLimit):
            wire.put(UInt8(1))
            wire.put(pageLimit)
        case .text(let pageLimit, let byteLimit):
            wire.put(UInt8(2))
            wire.put(pageLimit)
            wire.put(byteLimit)
        case .thumbnail(let settings):
            wire.put(UInt8(3))
            for number in [settings.page, settings.width, settings.height, settings.quality] {
                wire.put(number)
            }
        case .tableImport(let request):
            wire.put(UInt8(4))
            request.write(to: &wire)
        case .pages(let request):
            wire.put(UInt8(5))
            request.write(to: &wire)
        }
        return Frame.encode(kind: Self.frameKind, payload: wire.bytes)
    }

    public init(payload: ArraySlice<UInt8>) throws(WireError) {
        var wire = WireReader(payload)
        switch try wire.byte() {
        case 1:
            self = .info(pageLimit: try wire.count())
        case 2:
            self = .text(pageLimit: try wire.count(), byteLimit: try wire.count())
        case 3:
            self = .thumbnail(
                ThumbnailSettings(
                    page: try wire.count(), width: try wire.count(), height: try wire.count(),
                    quality: try wire.count()))
        case 4:
            self = .tableImport(try TableRequest(&wire))
        case 5:
            self = .pages(try PageRequest(&wire))
        default:
            throw WireError("no such stage")
        }
        try wire.finish()
    }
}

/// Tells a worker to turn to another document: the blob comes as a descriptor beside the frame's first byte.
///
/// Only documents of one account follow each other in a worker.
public enum DocumentTurn {
    /// Frame kind; there is no payload.
    public static let frameKind: UInt8 = 2

    /// The whole frame.
    public static func encoded() -> [UInt8] { Frame.encode(kind: frameKind, payload: []) }
}
