import Rules

/// Names that wait to be looked at: each once, first come first served.
struct MarkQueue: Sendable {
    private var order: [BeneathPath] = []
    private var position = 0
    /// True where a writer was seen to finish.
    private var marks: [BeneathPath: Bool] = [:]

    var count: Int { marks.count }
    var isEmpty: Bool { marks.isEmpty }

    func contains(_ path: BeneathPath) -> Bool { marks[path] != nil }

    mutating func insert(_ path: BeneathPath, isClosing: Bool) {
        if let former = marks.updateValue(isClosing, forKey: path) {
            marks[path] = former || isClosing
        } else {
            order.append(path)
        }
    }

    mutating func popFirst() -> (path: BeneathPath, isClosing: Bool)? {
        guard position < order.count else { return nil }
        let path = order[position]
        position += 1
        // What was taken is given back in large pieces, so that taking stays cheap.
        if position == order.count || position > 4096 {
            order.removeFirst(position)
            position = 0
        }
        defer { if marks.isEmpty { self = MarkQueue() } }
        return marks.removeValue(forKey: path).map { (path, $0) }
    }
}
