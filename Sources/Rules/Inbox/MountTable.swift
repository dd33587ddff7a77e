/// What is mounted where, as the kernel tells it without touching any of it.
///
/// Rule: proc_pid_mountinfo(5).
public struct MountTable: Sendable, Hashable {
    /// The longest text that is read, in bytes: the kernel's own limit is 100,000 mounts.
    public static let textLimit = 16 << 20

    /// The devices by mount points; where several are mounted at one place, the last is seen.
    private var devices: [[UInt8]: UInt64] = [:]
    /// Where each mount stands, by the kernel's number of it.
    private var points: [UInt64: [UInt8]] = [:]

    /// Reads the text of `/proc/self/mountinfo`; a line that makes no sense is passed over.
    public init(text: some Sequence<UInt8>) {
        for line in Array(text).split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
            // A line that was cut off lacks what stands behind the dash.
            guard fields.count == 6, let device = Self.device(fields[2]),
                fields[5].split(separator: UInt8(ascii: " ")).contains([UInt8(ascii: "-")])
            else { continue }
            let point = Self.unescaped(fields[4])
            devices[point == [UInt8(ascii: "/")] ? [] : point] = device
            if let number = UInt64(String(decoding: fields[0], as: UTF8.self)) {
                points[number] = point
            }
        }
    }

    /// The device of the mount that an absolute path without links leads to; nil where nothing is
    /// known.
    public func device(of path: [UInt8]) -> UInt64? { point(above: path).flatMap { devices[$0] } }

    /// Where the mount stands that an absolute path without links leads to; nil where nothing is
    /// known.
    public func mountPoint(of path: [UInt8]) -> String? {
        point(above: path).map { $0.isEmpty ? "/" : String(decoding: $0, as: UTF8.self) }
    }

    /// Where a mount stands, by the kernel's number of it; nil for one that is not there any more.
    public func mountPoint(ofMount number: UInt64) -> String? {
        points[number].map { String(decoding: $0, as: UTF8.self) }
    }

    private func point(above path: [UInt8]) -> [UInt8]? {
        var rest = path[...]
        while rest.last == UInt8(ascii: "/") { rest.removeLast() }
        while true {
            if devices[Array(rest)] != nil { return Array(rest) }
            guard let slash = rest.lastIndex(of: UInt8(ascii: "/")) else { return nil }
            rest = rest[..<slash]
        }
    }

    /// The mounts beneath an absolute path without links.
    public func mounts(beneath path: [UInt8]) -> Submounts {
        let prefix = path == [UInt8(ascii: "/")] ? path : path + [UInt8(ascii: "/")]
        var found: [BeneathPath: UInt64] = [:]
        for (point, device) in devices where point.count > prefix.count {
            guard point.starts(with: prefix),
                let place = BeneathPath(bytes: point.dropFirst(prefix.count))
            else { continue }
            found[place] = device
        }
        return Submounts(found)
    }

    /// Major and minor number as one.
    public static func device(major: UInt32, minor: UInt32) -> UInt64 {
        UInt64(major) << 32 | UInt64(minor)
    }

    private static func device(_ field: ArraySlice<UInt8>) -> UInt64? {
        let numbers = String(decoding: field, as: UTF8.self).split(separator: ":")
        guard numbers.count == 2, let major = UInt32(numbers[0]), let minor = UInt32(numbers[1])
        else { return nil }
        return device(major: major, minor: minor)
    }

    /// Blanks, line ends, `#` and backslashes are written as `\` and three octal digits.
    static func unescaped(_ field: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = field
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}

/// The mounts inside an inbox.
public struct Submounts: Sendable, Hashable {
    private let devices: [BeneathPath: UInt64]

    public init(_ devices: [BeneathPath: UInt64] = [:]) { self.devices = devices }

    public var isEmpty: Bool { devices.isEmpty }

    /// Where they are.
    public var points: [BeneathPath] { devices.keys.sorted() }

    /// The device of the mount that a path stands on; nil for the inbox's own.
    public func device(of path: BeneathPath) -> UInt64? {
        guard !devices.isEmpty else { return nil }
        // Of two that it is below, the one with the longer path is the nearer.
        return devices.filter { path.isAtOrBelow($0.key) }
            .max { $0.key.bytes.count < $1.key.bytes.count }?.value
    }
}
