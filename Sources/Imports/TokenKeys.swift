import CLinux
import Glibc
import Rules

/// All keys of an installation: the one that signs, and those of before, whose tokens are in print.
///
/// Rule: docs/formats.md, "Tokens".
public struct TokenKeys: Sendable {
    /// How many keys of before are read; nobody changes keys more than once a month for so long.
    private static let formerLimit = 1000

    /// The key that signs.
    public let current: TokenKey
    private let former: [TokenKey]

    /// Reads `path`, and the keys of before beside it.
    ///
    /// - Throws: ``ImportError/tokenKeyRefused(reason:)`` for a file that is not as it was made.
    public init(readingFrom path: String) throws(ImportError) {
        current = try TokenKey(readingFrom: path)
        var former: [TokenKey] = []
        for name in try Self.formerNames(of: path) {
            let key = try TokenKey(readingFrom: "\(Folder.parent(of: path))/\(name)")
            guard name.hasSuffix("." + key.name) else {
                throw .tokenKeyRefused(reason: "\(name) holds the key \(key.name)")
            }
            // A change that was cut off leaves the key that signs under both names.
            if key.id != current.id { former.append(key) }
        }
        self.former = former
    }

    /// Tells whether `text` is a token that was signed with one of the keys, and with which.
    public func verify(_ text: String) -> (verdict: TokenVerdict, key: TokenKey?) {
        var verdict = TokenVerdict.malformed
        for key in [current] + former {
            verdict = key.verify(text)
            switch verdict {
            case .genuine, .forged: return (verdict, key)
            case .malformed: return (verdict, nil)
            case .unknownKey: continue
            }
        }
        return (verdict, nil)
    }

    /// Makes a new key that signs from the next start on; the one that is there stays to check with.
    ///
    /// At every moment there is a key that signs, a power cut included, and none is ever lost.
    ///
    /// - Returns: the former and the new one.
    public static func change(at path: String) throws(ImportError) -> (TokenKey, TokenKey) {
        let old = try TokenKey(readingFrom: path)
        var facts = stat()
        guard stat(path, &facts) == 0 else {
            throw .system(attempt: "look at token key", errno: errno)
        }
        let kept = "\(path).\(old.name)"
        if link(path, kept) != 0 {
            guard errno == EEXIST else {
                throw .system(attempt: "keep former token key", errno: errno)
            }
            // A change that was cut off has kept it already. Ids are short: another key may have it.
            guard try TokenKey(readingFrom: kept).secret == old.secret else {
                throw .tokenKeyRefused(reason: "another key is kept as \(old.name)")
            }
        }
        try Folder.sync(Folder.parent(of: path))
        // Root may change it for a daemon that runs as somebody else.
        try TokenKey.create(at: path, owner: (facts.st_uid, facts.st_gid))
        return (old, try TokenKey(readingFrom: path))
    }

    /// Names of files `NAME.` and six hexadecimal digits, in order.
    private static func formerNames(of path: String) throws(ImportError) -> [String] {
        let folder = Folder.parent(of: path)
        let prefix = String(path.split(separator: "/").last ?? "") + "."
        guard let stream = opendir(folder) else {
            throw .system(attempt: "list token keys", errno: errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream), names.count < formerLimit {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            let digits = name.dropFirst(prefix.count)
            guard name.hasPrefix(prefix), digits.utf8.count == 2 * TokenKey.idLength,
                digits.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) })
            else { continue }
            names.append(name)
        }
        return names.sorted()
    }
}
