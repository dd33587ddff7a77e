import WorkerProtocol

/// What the files that workers make may be called.
///
/// They end up beside files of their owner's, in a folder of the owner's: letters, digits and `.-_`
/// of ASCII will do, and nothing may pass for a hidden file, an option, or the original.
enum ArtifactName {
    static let lengthLimit = 100

    static func isSafe(_ name: String) -> Bool {
        guard (1...lengthLimit).contains(name.utf8.count), !name.hasPrefix("original.") else {
            return false
        }
        return name.utf8.allSatisfy { isPlain($0) || $0 == UInt8(ascii: ".") }
            && name.utf8.first != UInt8(ascii: ".") && name.utf8.first != UInt8(ascii: "-")
    }

    /// `type/subtype` in plain characters, perhaps with parameters: `text/plain; charset=utf-8`.
    static func isMediaType(_ text: String) -> Bool {
        guard text.utf8.count <= lengthLimit else { return false }
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        return isPair(parts[0], joinedBy: "/")
            && parts.dropFirst().allSatisfy { parameter in
                parameter.first == " " && isPair(parameter.dropFirst(), joinedBy: "=")
            }
    }

    private static func isPair(_ text: Substring, joinedBy sign: Character) -> Bool {
        let sides = text.split(separator: sign, omittingEmptySubsequences: false)
        let marks = Array(".+".utf8)
        return sides.count == 2
            && sides.allSatisfy { side in
                !side.isEmpty && side.utf8.allSatisfy { isPlain($0) || marks.contains($0) }
            }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

extension StageRequest {
    /// Whether a file of this name is one that the stage makes.
    func makes(_ name: String) -> Bool {
        switch self {
        case .info: name == "info.json"
        case .text: name == "text.txt"
        case .thumbnail: name == "thumbnail.jpg"
        case .pages(let pages): PageRequest.page(named: name).map(pages.pages.contains) == true
        case .tableImport: name == "rejects.csv"
        }
    }
}
