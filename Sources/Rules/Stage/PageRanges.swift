/// Some pages in a row that one worker draws at a time, and the time that the stage has left for them.
public struct PageRange: Sendable, Hashable {
    /// Counted from one.
    public let pages: ClosedRange<Int>
    /// After this the worker stops by itself.
    public let softLeft: Duration
    /// After this it is stopped.
    public let hardLeft: Duration
}

/// Hands out the pages of one document, a range at a time, to the workers that draw them side by side.
///
/// Only while somebody draws does the stage's time run: that pictures wait for the disk costs them nothing.
/// Reads no clock: moments are durations since any beginning. Rule: docs/design.md, "Side by side".
public struct PageRanges: Sendable, Hashable {
    /// Why no more pages are handed out though some are left.
    public enum Stop: Sendable, Hashable {
        /// The soft deadline has passed: what is drawn is kept.
        case timeOver
        case failed(Failure)
        /// Nobody's fault; the stage is not owed before this.
        case interrupted(until: Timestamp)
    }

    /// How much work a range should be: little enough that others do not wait long for a worker, and
    /// enough that asking for it costs nothing beside.
    private static let work = Duration.milliseconds(250)
    /// Before it is known how long a page takes.
    private static let firstSize = 8
    private static let sizeLimit = 64

    /// The last page to be drawn.
    public let last: Int
    private let soft: Duration
    private let hard: Duration
    private let workers: Int
    private var next = 1
    /// When each range that is being drawn was begun, by its first page.
    private var inHand: [Int: Duration] = [:]
    /// The first pages of ranges that are drawn, and are not durable yet.
    private var undurable: Set<Int> = []
    private var spent = Duration.zero
    private var busySince = Duration.zero
    private var drawnPages = 0
    private var drawingTime = Duration.zero
    /// The first reason that came, of those that weigh most.
    public private(set) var stop: Stop?

    /// - Parameters:
    ///   - last: the last page to be drawn; zero for none.
    ///   - workers: how many may come to draw side by side.
    public init(upTo last: Int, soft: Duration, hard: Duration, workers: Int) {
        self.last = last
        self.soft = soft
        self.hard = hard
        self.workers = workers
    }

    /// Whether there are pages for somebody who comes.
    public var hasLeft: Bool { stop == nil && next <= last }
    /// Whether nobody draws, and nobody will, and all that was drawn is kept.
    public var isOver: Bool { inHand.isEmpty && undurable.isEmpty && !hasLeft }

    /// The time for which anybody drew.
    public func timeSpent(at now: Duration) -> Duration {
        inHand.isEmpty ? spent : spent + (now - busySince)
    }

    /// The next pages; nil where none are left, or time is over.
    public mutating func take(at now: Duration) -> PageRange? {
        guard hasLeft else { return nil }
        let gone = timeSpent(at: now)
        guard gone < soft else {
            stop = .timeOver
            return nil
        }
        let first = next
        let size = min(self.size, last - first + 1)
        if inHand.isEmpty { busySince = now }
        inHand[first] = now
        next = first + size
        return PageRange(
            pages: first...(first + size - 1), softLeft: soft - gone, hardLeft: hard - gone)
    }

    /// The worker has said its last word about a range, whose pictures are yet to be kept.
    ///
    /// - Parameters:
    ///   - end: the first page that was not come to.
    ///   - stop: why no more are to be handed out; nil where they are.
    public mutating func drew(
        _ range: PageRange, end: Int, stop reason: Stop? = nil, at now: Duration
    ) {
        guard let began = inHand.removeValue(forKey: range.pages.lowerBound) else {
            preconditionFailure("a range that ends was handed out")
        }
        undurable.insert(range.pages.lowerBound)
        drawnPages += max(0, end - range.pages.lowerBound)
        drawingTime += now - began
        if inHand.isEmpty { spent += now - busySince }
        if let reason {
            stop(reason)
        } else if end <= range.pages.upperBound {
            stop(.timeOver)
        }
    }

    /// What was drawn of a range is durable, or is given up.
    ///
    /// - Parameter stop: why no more are to be handed out; nil where they are.
    public mutating func kept(_ range: PageRange, stop reason: Stop? = nil) {
        let wasDrawn = undurable.remove(range.pages.lowerBound) != nil
        precondition(wasDrawn, "a range that is kept was drawn")
        if let reason { stop(reason) }
    }

    /// No more pages are handed out. A failure counts for more than that time is over, and that a
    /// worker was taken down for more than what waiting mends: else nobody would know of it.
    public mutating func stop(_ reason: Stop) {
        if let earlier = stop, earlier.weight >= reason.weight { return }
        stop = reason
    }

    /// As many pages as take ``work``, and towards the end fewer, so that all workers end together.
    private var size: Int {
        let share = max(1, (last - next + 1) / (2 * max(1, workers)))
        guard drawnPages > 0, drawingTime > .zero else { return min(Self.firstSize, share) }
        let pagesInTime = Int(min(Double(Self.sizeLimit), Self.work / (drawingTime / drawnPages)))
        return min(max(1, pagesInTime), share)
    }
}

extension PageRanges.Stop {
    /// A reason gives way to one that weighs more.
    fileprivate var weight: Int {
        switch self {
        case .timeOver: 0
        case .interrupted: 1
        case .failed(let failure):
            switch failure.code.remedy {
            case .waiting, .whenStoreRecovers: 1
            case .none, .onceMoreAlone: 2
            }
        }
    }
}
