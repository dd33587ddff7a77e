/// Items in the order of their priority, the least first; a binary heap.
struct PriorityQueue<Priority: Comparable & Sendable, Item: Sendable>: Sendable {
    private var entries: [(priority: Priority, item: Item)] = []

    var count: Int { entries.count }
    var first: (priority: Priority, item: Item)? { entries.first }

    mutating func insert(_ item: Item, at priority: Priority) {
        entries.append((priority, item))
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].priority < entries[parent].priority else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    mutating func popFirst() -> (priority: Priority, item: Item)? {
        guard let first = entries.first, let last = entries.popLast() else { return nil }
        guard !entries.isEmpty else { return first }
        entries[0] = last
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < entries.count else { return first }
            let right = left + 1
            let isRightLess =
                right < entries.count && entries[right].priority < entries[left].priority
            let least = isRightLess ? right : left
            guard entries[least].priority < entries[parent].priority else { return first }
            entries.swapAt(least, parent)
            parent = least
        }
    }

    mutating func removeAll() { entries.removeAll() }
}
