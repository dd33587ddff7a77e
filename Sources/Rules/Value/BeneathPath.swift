/// The name of one directory entry: bytes without `/` and NUL, as the kernel sees them; they need not be UTF-8.
public struct FileName: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let bytes: [UInt8]

    /// Nil for an empty name, `.`, `..`, and names with `/` or NUL.
    public init?(_ bytes: some Sequence<UInt8>) {
        let array = Array(bytes)
        guard Self.isName(array[...]) else { return nil }
        self.bytes = array
    }

    fileprivate init(checked bytes: [UInt8]) { self.bytes = bytes }

    /// Asked of every path that is read: nothing is copied for it.
    fileprivate static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first, !bytes.contains(UInt8(ascii: "/")), !bytes.contains(0)
        else { return false }
        return first != UInt8(ascii: ".") || bytes.count > 2 || bytes.last != first
    }

    /// Makes a name from text this program wrote itself; traps on what no name may hold.
    public init(literal text: String) {
        guard let name = FileName(text.utf8) else {
            preconditionFailure("not a file name: \(text)")
        }
        self = name
    }

    /// The bytes as they came where they are UTF-8, else nil.
    public var utf8Text: String? { String(validating: bytes, as: UTF8.self) }

    /// For people: what is not UTF-8 is shown with replacement characters.
    public var description: String { String(decoding: bytes, as: UTF8.self) }

    public static func < (left: FileName, right: FileName) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

/// A path below an inbox: no component is empty, `.` or `..`, and it never begins with `/`. May be empty: the inbox itself.
///
/// Kept as the bytes that they are: a path of 700 folders costs no more than its length.
public struct BeneathPath: Hashable, Comparable, Sendable, CustomStringConvertible {
    private static let slash = UInt8(ascii: "/")

    /// With `/` between the components.
    public let bytes: [UInt8]

    public init(_ components: [FileName] = []) {
        bytes = Array(components.map(\.bytes).joined(separator: [Self.slash]))
    }

    /// Reads bytes with `/` between the components; nil where a component is no file name. No bytes are the inbox itself.
    public init?(bytes: some Collection<UInt8>) {
        let array = Array(bytes)
        guard array.isEmpty || Self.isOfNames(array) else { return nil }
        self.init(checked: array)
    }

    private static func isOfNames(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: slash) {
            guard FileName.isName(rest[..<end]) else { return false }
            rest = rest[(end + 1)...]
        }
        return FileName.isName(rest)
    }

    private init(checked bytes: [UInt8]) { self.bytes = bytes }

    public var components: [FileName] {
        bytes.split(separator: Self.slash).map { FileName(checked: Array($0)) }
    }
    /// How many components there are; none for the inbox itself.
    public var depth: Int { isRoot ? 0 : bytes.count { $0 == Self.slash } + 1 }
    public var isRoot: Bool { bytes.isEmpty }
    /// The last component; nil for the inbox itself.
    public var name: FileName? {
        isRoot ? nil : FileName(checked: Array(bytes[nameStart...]))
    }
    /// The folder it stands in; the inbox itself stands in itself.
    public var parent: BeneathPath {
        BeneathPath(checked: Array(bytes[..<max(0, nameStart - 1)]))
    }

    public func appending(_ name: FileName) -> BeneathPath { below(name.bytes) }
    /// The path that `path` is where this folder is the inbox.
    public func appending(_ path: BeneathPath) -> BeneathPath {
        path.isRoot ? self : below(path.bytes)
    }
    /// The entry `name` in the same folder.
    public func sibling(_ name: FileName) -> BeneathPath { parent.appending(name) }

    /// Whether it is `folder` itself or anything below it.
    public func isAtOrBelow(_ folder: BeneathPath) -> Bool {
        folder.isRoot || bytes == folder.bytes || isBelow(folder)
    }
    /// Whether it is anything below `folder`, at any depth.
    public func isBelow(_ folder: BeneathPath) -> Bool {
        guard !folder.isRoot else { return !isRoot }
        let end = folder.bytes.count
        return bytes.count > end && bytes[end] == Self.slash && bytes.starts(with: folder.bytes)
    }

    public var description: String { String(decoding: bytes, as: UTF8.self) }

    /// By components: what is in a folder follows it at once, before its neighbours.
    public static func < (left: BeneathPath, right: BeneathPath) -> Bool {
        // No name holds a NUL, so that a slash that counts as one comes before all.
        left.bytes.lexicographicallyPrecedes(right.bytes) {
            ($0 == slash ? 0 : $0) < ($1 == slash ? 0 : $1)
        }
    }

    /// Where the last component begins.
    private var nameStart: Int { bytes.lastIndex(of: Self.slash).map { $0 + 1 } ?? 0 }

    private func below(_ more: [UInt8]) -> BeneathPath {
        guard !isRoot else { return BeneathPath(checked: more) }
        var path: [UInt8] = []
        path.reserveCapacity(bytes.count + 1 + more.count)
        path += bytes
        path.append(Self.slash)
        path += more
        return BeneathPath(checked: path)
    }
}
