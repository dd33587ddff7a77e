import Rules

/// Which pages a worker is to make pictures of, and how.
public struct PageRequest: Sendable, Hashable {
    /// Below `NAME.results/`.
    private static let folder = "pages/"
    private static let suffix = ".jpg"
    private static let mediaType = "image/jpeg"

    /// The first page, counted from one.
    public var first: Int
    /// The last page; never before the first.
    public var last: Int
    public var settings: PageSettings
    /// After so many milliseconds the worker ends by itself and says how far it came.
    public var softMilliseconds: Int

    public init(first: Int, last: Int, settings: PageSettings, softMilliseconds: Int) {
        precondition(first >= 1 && last >= first, "pages are counted from one, the last comes last")
        self.first = first
        self.last = last
        self.settings = settings
        self.softMilliseconds = softMilliseconds
    }

    public var pages: ClosedRange<Int> { first...last }

    /// What the picture of a page is called: `pages/0001.jpg`, with more digits where they are needed.
    public static func artifactName(of page: Int) -> String {
        let digits = String(page)
        return folder + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
            + suffix
    }

    /// The media type of every picture.
    public static var artifactType: String { mediaType }

    /// The page whose picture has this name; nil where none has.
    public static func page(named name: String) -> Int? {
        guard name.hasPrefix(folder), name.hasSuffix(suffix),
            let page = Int(name.dropFirst(folder.count).dropLast(suffix.count)),
            page >= 1, artifactName(of: page) == name
        else { return nil }
        return page
    }

    func write(to wire: inout WireWriter) {
        for number in [
            first, last, settings.width, settings.height, settings.quality, softMilliseconds,
        ] {
            wire.put(number)
        }
    }

    init(_ wire: inout WireReader) throws(WireError) {
        first = try wire.count()
        last = try wire.count()
        guard first >= 1, last >= first else { throw WireError("pages in no order") }
        settings = PageSettings(
            width: try wire.count(), height: try wire.count(), quality: try wire.count())
        softMilliseconds = try wire.count()
    }
}

/// What is wrong with the picture of one page.
public struct PageFault: Sendable, Hashable {
    /// Whether there is a picture, and what it lacks.
    public enum Kind: UInt8, Sendable, Hashable, CaseIterable {
        /// There is none: the page cannot be drawn.
        case damaged = 1
        /// There is none: the page takes more memory than is allowed.
        case tooLarge
        /// It lacks parts that are damaged or too large.
        case partial
        /// It took too long, and shows what was done by then.
        case unfinished

        /// Whether there is a picture all the same.
        public var hasPicture: Bool {
            switch self {
            case .damaged, .tooLarge: false
            case .partial, .unfinished: true
            }
        }
    }

    /// Counted from one.
    public var page: Int
    public var kind: Kind

    public init(page: Int, kind: Kind) {
        self.page = page
        self.kind = kind
    }
}

/// How the pages of one request went.
public struct PageSummary: Sendable, Hashable {
    /// More pages are not asked for at once.
    static let faultLimit = 1_000_000

    /// The first page that was not come to, since time was over; behind the last where none was left.
    public var end: Int
    /// In the order of their pages, each once.
    public var faults: [PageFault]

    public init(end: Int, faults: [PageFault]) {
        self.end = end
        self.faults = faults
    }

    func write(to wire: inout WireWriter) {
        wire.put(end)
        wire.put(faults) { wire, fault in
            wire.put(fault.page)
            wire.put(fault.kind.rawValue)
        }
    }

    init(_ wire: inout WireReader) throws(WireError) {
        end = try wire.count()
        faults = try wire.list(limit: Self.faultLimit) { wire throws(WireError) in
            let page = try wire.count()
            guard let kind = PageFault.Kind(rawValue: try wire.byte()) else {
                throw WireError("no such fault of a page")
            }
            return PageFault(page: page, kind: kind)
        }
    }
}
