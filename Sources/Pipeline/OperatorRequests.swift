import Glibc
import Inbox
import Intake
import Rules
import SystemPackage

/// The folder in the state directory where operators leave requests for the daemon.
///
/// Each file goes once it is carried out; one about an inbox that is not served waits for that.
/// Rule: docs/formats.md, "Requests of an operator".
public final class OperatorRequests: Sendable {
    /// How many are read at once; the rest is read when these are done with.
    private static let limit = 1000

    private let folder: FilePath

    init(_ folder: FilePath) { self.folder = folder }

    /// Whether this user may leave requests in the state directory at `path`.
    public static func mayBeLeft(in path: String) -> Bool {
        faccessat(
            AT_FDCWD, StateDirectory.requests(in: FilePath(path)).string, W_OK | X_OK, AT_EACCESS)
            == 0
    }

    /// Leaves a request for the daemon of the state directory at `path`; it outlasts a power cut once
    /// this returns.
    public static func leave(
        _ request: OperatorRequest, in path: String, now: Timestamp
    ) throws(Errno) {
        let folder = StateDirectory.requests(in: FilePath(path)).withPlatformString {
            Glibc.open($0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        }
        guard folder >= 0 else { throw Errno(rawValue: errno) }
        defer { _ = Glibc.close(folder) }
        let random = (0..<10).map { _ in UInt8.random(in: .min ... .max) }
        let name = DocumentID(at: now, random: random).description
        let hidden = "." + name
        do throws(Errno) {
            try write(request.bytes, to: hidden, in: folder)
            guard renameat(folder, hidden, folder, name) == 0, fsync(folder) == 0 else {
                throw Errno(rawValue: errno)
            }
        } catch {
            // What went wrong is told; what stays has a hidden name, which nobody reads.
            _ = unlinkat(folder, hidden, 0)
            throw error
        }
    }

    /// Writes a new file that belongs to whoever has the folder: root's own the daemon could not read.
    private static func write(
        _ bytes: [UInt8], to name: String, in folder: Int32
    ) throws(Errno) {
        let file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Errno(rawValue: errno) }
        defer { _ = Glibc.close(file) }
        var facts = stat()
        guard fstat(folder, &facts) == 0,
            geteuid() != 0 || fchown(file, facts.st_uid, facts.st_gid) == 0,
            Glibc.write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0
        else { throw errno == 0 ? .noSpace : Errno(rawValue: errno) }
    }

    /// Hands what lies there to the inboxes that it is about, until the task is cancelled.
    func run(_ house: House, _ desks: Desks, _ watch: FolderWatch) async {
        while !Task.isCancelled {
            handOut(house, desks)
            await watch.change()
        }
    }

    /// Hands out what lies there at the moment.
    func handOut(_ house: House, _ desks: Desks) {
        do {
            for name in try names() {
                guard let request = try read(name) else {
                    house.say(
                        .requestIgnored,
                        [.path: folder.appending(name).string, .reason: "it cannot be read"])
                    try remove(name)
                    continue
                }
                guard let file = request.target.name,
                    let about = Request(request.verb, about: file),
                    let service = desks.services.first(where: {
                        Array($0.desk.root.path.utf8) == request.inbox
                    })
                else { continue }
                service.desk.requests.mark(
                    AskedFor(source: .operators(name), request: about, target: request.target))
            }
        } catch {
            house.say(
                .requestIgnored,
                [.path: folder.string, .reason: "the folder cannot be read", .detail: "\(error)"])
        }
    }

    /// Removes a request that was carried out; one that is gone already is no error.
    func remove(_ name: String) throws(Failure) {
        let path = folder.appending(name)
        guard path.withPlatformString({ unlink($0) }) == 0 || errno == ENOENT else {
            throw Failure(
                .storeIO, message: "The server cannot remove a request that it has carried out.",
                detail: "remove \(path): \(Errno(rawValue: errno))")
        }
    }

    /// The names of whole files, in the order in which they came.
    private func names() throws(Errno) -> [String] {
        guard let stream = folder.withPlatformString({ opendir($0) }) else {
            throw Errno(rawValue: errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while names.count < Self.limit, let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            // One that is still written has a hidden name.
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    /// Nil for what is no request.
    private func read(_ name: String) throws(Errno) -> OperatorRequest? {
        let descriptor = folder.appending(name).withPlatformString {
            Glibc.open($0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        }
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ELOOP { return nil }
            throw Errno(rawValue: errno)
        }
        defer { _ = Glibc.close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
        var bytes = [UInt8](repeating: 0, count: OperatorRequest.lengthLimit)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw Errno(rawValue: errno) }
        return OperatorRequest(bytes: Array(bytes.prefix(count)))
    }
}
