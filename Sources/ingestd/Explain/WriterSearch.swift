import CLinux
import Glibc
import Rules

/// A process that has a file open or mapped for writing.
struct FileWriter: Sendable, Hashable {
    /// How it can write.
    enum Hold: String, Sendable { case open, mapped }

    let pid: Int32
    /// The short name that ps shows; whoever runs it chose it.
    let program: String
    let uid: UInt32
    let hold: Hold

    var text: String {
        "\(program) (pid \(pid), uid \(uid))" + (hold == .mapped ? ", which has it mapped" : "")
    }

    var json: JSONValue {
        .object([
            .init("pid", .integer(Int64(pid))), .init("program", .string(program)),
            .init("uid", .integer(Int64(uid))), .init("how", .string(hold.rawValue)),
        ])
    }
}

/// Looks through the processes for those that write a file; an ordinary user is shown its own only.
///
/// Rule: proc(5): `/proc/PID/fd`, `/proc/PID/fdinfo`, `/proc/PID/maps`.
struct WriterSearch {
    /// Nobody mends more than these at once.
    static let limit = 20

    private(set) var writers: [FileWriter] = []
    /// Processes whose files this user may not see.
    private(set) var hiddenCount = 0

    private let identity: DropIdentity
    /// The end of its path, for maps that name another device than the file does, as btrfs does.
    private let name: String

    init(for identity: DropIdentity, named name: String) {
        self.identity = identity
        self.name = name
        for pid in Self.listing("/proc") ?? [] where writers.count < Self.limit { look(at: pid) }
    }

    private mutating func look(at pid: Int32) {
        guard access("/proc/\(pid)/fd", R_OK | X_OK) == 0,
            let files = Self.listing("/proc/\(pid)/fd")
        else {
            // One that ended meanwhile hides nothing.
            if errno == EACCES || errno == EPERM { hiddenCount += 1 }
            return
        }
        if files.contains(where: { isOpenForWriting($0, by: pid) }) {
            note(pid, .open)
        } else if isMappedForWriting(by: pid) {
            note(pid, .mapped)
        }
    }

    private mutating func note(_ pid: Int32, _ hold: FileWriter.Hold) {
        var facts = stat()
        guard stat("/proc/\(pid)", &facts) == 0 else { return }
        let program = ProcFile.text("/proc/\(pid)/comm").map { String($0.prefix { $0 != "\n" }) }
        writers.append(
            FileWriter(pid: pid, program: program ?? "?", uid: facts.st_uid, hold: hold))
    }

    private func isOpenForWriting(_ file: Int32, by pid: Int32) -> Bool {
        var facts = stat()
        guard stat("/proc/\(pid)/fd/\(file)", &facts) == 0, facts.st_ino == identity.inode,
            Self.device(facts.st_dev) == identity.device,
            let info = ProcFile.text("/proc/\(pid)/fdinfo/\(file)"),
            let flags = ProcFile.value("flags", in: info).flatMap({ Int32($0, radix: 8) })
        else { return false }
        let pathOnly: Int32 = 0o10_000_000
        return flags & O_ACCMODE != O_RDONLY && flags & pathOnly == 0
    }

    private func isMappedForWriting(by pid: Int32) -> Bool {
        guard let maps = ProcFile.text("/proc/\(pid)/maps") else { return false }
        return maps.split(separator: "\n").contains(where: isOurs)
    }

    /// `address perms offset dev inode path`: shared, writable, and of this file.
    private func isOurs(_ line: Substring) -> Bool {
        let words = line.split(separator: " ", maxSplits: 5)
        guard words.count == 6, words[1].dropFirst().first == "w", words[1].last == "s",
            UInt64(words[4]) == identity.inode
        else { return false }
        let device = words[3].split(separator: ":").compactMap { UInt64($0, radix: 16) }
        if device.count == 2, device[0] << 32 | device[1] == identity.device { return true }
        return words[5].hasSuffix("/" + name)
    }

    /// As ``DropIdentity/device`` has it. Rule: makedev(3).
    private static func device(_ number: dev_t) -> UInt64 {
        let number = UInt64(number)
        let major = number >> 8 & 0xfff | number >> 32 & 0xffff_f000
        let minor = number & 0xff | number >> 12 & 0xffff_ff00
        return major << 32 | minor
    }

    /// The names in a folder that are numbers; nil where it cannot be read, as `errno` says.
    private static func listing(_ folder: String) -> [Int32]? {
        guard let stream = opendir(folder) else { return nil }
        defer { closedir(stream) }
        var numbers: [Int32] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let number = Int32(name) { numbers.append(number) }
        }
        return numbers.sorted()
    }
}
