/// The names of the files that a PDF carries along.
///
/// Rule: ISO 32000-1, section 7.11.4.
enum PDFAttachments {
    static let nameLimit = 1000
    static let depthLimit = 16
    /// Characters of one name.
    static let lengthLimit = 512

    static func names(in document: PDFDocument) -> BoundedList<String> {
        var names = BoundedList<String>()
        do {
            let root = try document.reader.trailer()["Root"]?["Names"]?["EmbeddedFiles"]
            var seen: Set<Int> = []
            if let root { try collect(from: root, depth: 1, seen: &seen, into: &names) }
        } catch {
            names.isCut = true
        }
        return names
    }

    private static func collect(
        from node: PDFObject, depth: Int, seen: inout Set<Int>,
        into names: inout BoundedList<String>
    ) throws(StageError) {
        if let number = try node.description().number, !seen.insert(number).inserted {
            names.isCut = true
            return
        }
        if let pairs = try node["Names"], case .array(let count) = try pairs.description().kind {
            for index in stride(from: 0, to: count - 1, by: 2) {
                guard names.list.count < nameLimit else {
                    names.isCut = true
                    return
                }
                if let name = try name(of: pairs, at: index) { names.list.append(name) }
            }
        }
        guard let kids = try node["Kids"], case .array(let count) = try kids.description().kind
        else { return }
        for index in 0..<count {
            guard depth < depthLimit, names.list.count < nameLimit else {
                names.isCut = true
                return
            }
            guard let kid = try kids[index] else { continue }
            try collect(from: kid, depth: depth + 1, seen: &seen, into: &names)
        }
    }

    /// The file's own name where its description has one, else the key it is filed under.
    private static func name(of pairs: PDFObject, at index: Int) throws(StageError) -> String? {
        let file = try pairs[index + 1]
        if let name = try file?["UF"]?.text(limit: lengthLimit) { return name }
        if let name = try file?["F"]?.text(limit: lengthLimit) { return name }
        return try pairs[index]?.text(limit: lengthLimit)
    }
}
