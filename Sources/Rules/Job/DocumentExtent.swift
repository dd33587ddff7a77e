/// How much there is to do over a document, as far as it is known.
public struct DocumentExtent: Sendable, Hashable {
    public var size: ByteCount
    /// Of a PDF, once `info` has told.
    public var pages: Int?
    /// Of pages, or of tokens, which are published as a file each; the few other files need no counting.
    public var pictures: Int

    public init(size: ByteCount, pages: Int?, pictures: Int = 0) {
        self.size = size
        self.pages = pages
        self.pictures = pictures
    }

    /// What a page takes in a PDF that has not told how many it has.
    private static let bytesPerPage = 50_000.0

    /// What a row takes in a table, and how many of its tokens are drawn unless the config says otherwise.
    private static let bytesPerRow = 90.0
    private static let mostCodes = Double(CodeSettings.standardLimit)

    /// What a small file costs to publish, in bytes of a large one: 0.2 ms.
    private static let bytesPerPicture = 170_000.0

    private var bytes: Double { Double(max(0, size.bytes)) }
    private var pageCount: Double {
        pages.map { Double(max(1, $0)) } ?? 1 + bytes / Self.bytesPerPage
    }

    /// What a stage has to do, in the unit by which its time grows.
    ///
    /// What it takes over the smallest document is told as so many units more. `store` is over
    /// before a document is one, and counts for nothing.
    func units(of stage: StageName) -> Double {
        switch stage {
        case .store: 0
        case .info: 100 + pageCount
        case .text: 4 + pageCount
        case .thumbnail: 1
        case .pages: pageCount
        case .tableImport: 100_000 + bytes
        case .qr: 1 + min(Self.mostCodes, bytes / Self.bytesPerRow)
        case .publish: 4_000_000 + bytes + Double(max(0, pictures)) * Self.bytesPerPicture
        }
    }
}
