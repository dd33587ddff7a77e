/// The name of one directory entry: bytes without `/` and NUL, as the kernel sees them; they need not be UTF-8.
public struct FileName: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let bytes: [UInt8]

    /// Nil for an empty name, `.`, `..`, and names with `/` or NUL.
    public init?(_ bytes: some Sequence<UInt8>) {
        let array = Array(bytes)
        guard !array.isEmpty, !array.contains(UInt8(ascii: "/")), !array.contains(0),
            array != Array(".".utf8), array != Array("..".utf8)
        else { return nil }
        self.bytes = array
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
public struct BeneathPath: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let components: [FileName]

    public init(_ components: [FileName] = []) { self.components = components }

    /// Reads bytes with `/` between the components; nil where a component is no file name. No bytes are the inbox itself.
    public init?(bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty else {
            self.init()
            return
        }
        var components: [FileName] = []
        for part in bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let name = FileName(part) else { return nil }
            components.append(name)
        }
        self.init(components)
    }

    public var bytes: [UInt8] {
        Array(components.map(\.bytes).joined(separator: [UInt8(ascii: "/")]))
    }
    public var isRoot: Bool { components.isEmpty }
    /// The last component; nil for the inbox itself.
    public var name: FileName? { components.last }
    /// The folder it stands in; the inbox itself stands in itself.
    public var parent: BeneathPath { BeneathPath(Array(components.dropLast())) }

    public func appending(_ name: FileName) -> BeneathPath { BeneathPath(components + [name]) }
    /// The entry `name` in the same folder.
    public func sibling(_ name: FileName) -> BeneathPath { parent.appending(name) }

    public var description: String { String(decoding: bytes, as: UTF8.self) }

    public static func < (left: BeneathPath, right: BeneathPath) -> Bool {
        left.components.lexicographicallyPrecedes(right.components)
    }
}
