/// Counts the pages that a page tree really has, whatever it says of itself.
enum PageTree {
    /// Trees deeper than this are not made by any program in earnest.
    static let depthLimit = 64

    enum Census: Hashable {
        /// Every branch ends in pages.
        case sound(pages: Int)
        /// There are more pages than were asked for.
        case overLimit
        /// Some branch leads back to itself or to nothing.
        case broken
    }

    /// Looks at each node once; stops at the first page over `limit`.
    static func census(of root: PDFObject, limit: Int) throws(StageError) -> Census {
        var branches: [Branch] = []
        var seen: Set<Int> = []
        var pages = 0
        var next: PDFObject? = root
        while true {
            if let node = next {
                let (kind, number) = try node.description()
                guard case .dictionary = kind else { return .broken }
                if let kids = try node["Kids"], case .array(let count) = try kids.description().kind
                {
                    if let number, !seen.insert(number).inserted { return .broken }
                    guard branches.count < depthLimit else { return .broken }
                    branches.append(Branch(kids: kids, count: count))
                } else if branches.isEmpty {
                    return .broken
                } else {
                    pages += 1
                    guard pages <= limit else { return .overLimit }
                }
            }
            guard let last = branches.indices.last else { return .sound(pages: pages) }
            if branches[last].position < branches[last].count {
                guard let kid = try branches[last].kids[branches[last].position] else {
                    return .broken
                }
                branches[last].position += 1
                next = kid
            } else {
                branches.removeLast()
                next = nil
            }
        }
    }

    /// A node being walked.
    private struct Branch {
        let kids: PDFObject
        let count: Int
        var position = 0
    }
}
