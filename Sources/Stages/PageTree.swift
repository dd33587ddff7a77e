/// Counts the pages that a page tree really has, whatever it says of itself.
enum PageTree {
    /// Trees deeper than this are not made by any program in earnest.
    static let depthLimit = 64

    enum Census: Hashable {
        /// Every branch ends in pages.
        case sound(pages: Int)
        /// Some branch leads back to itself or to nothing; so many pages are there.
        case broken(pages: Int)
        /// There are more pages than were asked for.
        case overLimit
    }

    /// Looks at each node once; stops at the first page over `limit`.
    static func census(of root: PDFObject, limit: Int) throws(StageError) -> Census {
        var branches: [Branch] = []
        var seen: Set<Int> = []
        var pages = 0
        var isBroken = false
        var next: PDFObject? = root
        while true {
            if let node = next {
                switch try look(at: node, seen: &seen) {
                case .branch(let branch) where branches.count < depthLimit:
                    branches.append(branch)
                case .page where !branches.isEmpty:
                    pages += 1
                    guard pages <= limit else { return .overLimit }
                case .branch, .page, .neither:
                    isBroken = true
                }
            }
            guard let last = branches.indices.last else {
                return isBroken ? .broken(pages: pages) : .sound(pages: pages)
            }
            next = try branches[last].nextKid()
            if next == nil { branches.removeLast() }
        }
    }

    private enum Node {
        case branch(Branch)
        case page
        /// Not there, no dictionary, or a branch that was looked at before.
        case neither
    }

    private static func look(at node: PDFObject, seen: inout Set<Int>) throws(StageError) -> Node {
        let (kind, number) = try node.description()
        guard case .dictionary = kind else { return .neither }
        guard let kids = try node["Kids"], case .array(let count) = try kids.description().kind
        else { return .page }
        if let number, !seen.insert(number).inserted { return .neither }
        return .branch(Branch(kids: kids, count: count))
    }

    /// A branch being walked.
    private struct Branch {
        let kids: PDFObject
        let count: Int
        var position = 0

        init(kids: PDFObject, count: Int) {
            self.kids = kids
            self.count = count
        }

        /// The next kid; nil at the end, for which an element that is not there is taken as well.
        mutating func nextKid() throws(StageError) -> PDFObject? {
            guard position < count else { return nil }
            defer { position += 1 }
            return try kids[position]
        }
    }
}
