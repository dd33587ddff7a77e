/// Finds what somebody probably meant to write.
public enum NearestName {
    /// The name that takes the fewest slips of the pen to become `word`; the first of equals, nil only without names.
    ///
    /// Case does not matter, and `-` is as good as `_`.
    public static func of(_ word: String, among names: [String]) -> String? {
        let target = folded(word)
        return names.min { distance(folded($0), target) < distance(folded($1), target) }
    }

    /// How many letters must be put in, left out, changed or swapped with their neighbour to turn one into the other.
    public static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for (column, other) in right.enumerated() {
                var best = min(
                    last[column] + (letter == other ? 0 : 1), last[column + 1] + 1,
                    current[column] + 1)
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }

    /// Names are short; a word that is not is cut, so that comparing stays cheap.
    private static func folded(_ word: String) -> [UInt8] {
        word.lowercased().replacing("-", with: "_").utf8.prefix(64).map { $0 }
    }
}
