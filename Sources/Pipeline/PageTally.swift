import Catalog
import Rules
import WorkerProtocol

/// The pictures of a document's pages, as they come from several workers, and what is wrong with them.
struct PageTally {
    /// How many pages, or runs of them, a warning names one by one.
    private static let namedLimit = 10

    /// How many pages the document has.
    let pageCount: Int
    /// How many of them are to be drawn.
    let last: Int
    /// By page, counted from one.
    private var pictures: [Int: ArtifactRecord] = [:]
    private var faults: [PageFault] = []

    init(pageCount: Int, last: Int) {
        self.pageCount = pageCount
        self.last = last
    }

    /// Whether there is no picture at all.
    var isEmpty: Bool { pictures.isEmpty }

    mutating func add(_ pictures: [Int: ArtifactRecord], _ faults: [PageFault]) {
        self.pictures.merge(pictures) { _, newer in newer }
        self.faults += faults
    }

    /// What is kept of all that came.
    ///
    /// - Parameter gap: why pages are missing that nothing was said of: the end of a sentence.
    func output(missing gap: String) -> StageOutput {
        let pages = pictures.keys.sorted()
        return StageOutput(
            result: StageResults.kept(StageResults.pages(count: pages.count)),
            warnings: warnings(missing: gap), artifacts: pages.compactMap { pictures[$0] })
    }

    /// Why pages have no picture after the stage broke off like this; nil where that says nothing of them.
    static func gap(after code: ErrorCode) -> String? {
        let why: String
        switch code {
        case .timeout: why = "drawing them all took too long"
        case .workerCrashed: why = "the program that draws them broke down over one of them"
        case .memoryExceeded: why = "drawing them took more memory than is allowed"
        case .outputTooLarge: why = "more are not kept"
        default: return nil
        }
        return "\(why) (\(code.rawValue))"
    }

    /// Why there is no picture at all, where no more is known.
    var failure: Failure {
        let isTooLarge = faults.contains { $0.kind == .tooLarge }
        guard !faults.isEmpty else {
            return Failure(
                .timeout,
                message: "Drawing the pages took too long. Split the PDF and drop the parts.",
                detail: "draw pages: time was over before the first was done")
        }
        return Failure(
            isTooLarge ? .memoryExceeded : .pdfCorrupt,
            message: "No page of the PDF can be drawn. Open and save it in a PDF program and drop "
                + "it again.",
            detail: "draw pages: none of \(faults.count) came to a picture")
    }

    private func warnings(missing gap: String) -> [String] {
        let told = Set(faults.map(\.page))
        let silent = (1...max(1, last)).filter { pictures[$0] == nil && !told.contains($0) }
        return [
            none(of: Self.runs(of: pages(.damaged)), "damaged", isState: true),
            none(
                of: Self.runs(of: pages(.tooLarge)),
                "more memory is needed than is allowed (memory_exceeded)"),
            none(of: Self.runs(of: silent), gap),
            // Never written out: how many they are is what the document says of itself.
            none(
                of: last < pageCount ? [(last + 1)...pageCount] : [],
                "more are not drawn (pdf_too_many_pages)"),
            some(of: pages(.partial), "not whole: parts are damaged or too large"),
            some(of: pages(.unfinished), "unfinished: drawing took too long (timeout)"),
        ].compactMap { $0 }
    }

    private func pages(_ kind: PageFault.Kind) -> [Int] {
        faults.filter { $0.kind == kind }.map(\.page).sorted()
    }

    /// Runs of pages that have no picture, and why.
    private func none(
        of pages: [ClosedRange<Int>], _ why: String, isState: Bool = false
    ) -> String? {
        guard let first = pages.first else { return nil }
        let isOne = pages.count == 1 && first.count == 1
        let reason = isState ? "\(isOne ? "it is" : "they are") \(why)" : why
        return "\(isOne ? "Page" : "Pages") \(Self.list(pages)) \(isOne ? "has" : "have") "
            + "no thumbnail\(isOne ? "" : "s"): \(reason)."
    }

    /// Pages whose picture lacks something.
    private func some(of pages: [Int], _ state: String) -> String? {
        guard !pages.isEmpty else { return nil }
        let isOne = pages.count == 1
        return "The thumbnail\(isOne ? "" : "s") of \(isOne ? "page" : "pages") "
            + "\(Self.list(pages)) \(isOne ? "is" : "are") \(state)."
    }

    /// Pages in order, as the runs that they make.
    private static func runs(of pages: [Int]) -> [ClosedRange<Int>] {
        var runs: [ClosedRange<Int>] = []
        for page in pages {
            if let last = runs.last, last.upperBound == page - 1 {
                runs[runs.count - 1] = last.lowerBound...page
            } else {
                runs.append(page...page)
            }
        }
        return runs
    }

    /// `3, 7 and 33 to 64`, for pages in order.
    static func list(_ pages: [Int]) -> String { list(runs(of: pages)) }

    private static func list(_ runs: [ClosedRange<Int>]) -> String {
        var named: [String] = []
        for run in runs.prefix(namedLimit) {
            switch run.count {
            case 1, 2: named += run.map(String.init)
            default: named.append("\(run.lowerBound) to \(run.upperBound)")
            }
        }
        if runs.count > namedLimit { named.append("others") }
        guard let last = named.last, named.count > 1 else { return named.first ?? "" }
        return named.dropLast().joined(separator: ", ") + " and " + last
    }
}
