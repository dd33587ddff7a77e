import CLinux
import Glibc
import Rules
import Synchronization
import SystemPackage

/// Goes from directory to directory, each step in the name of the owner of the directory where it
/// begins: nobody's permissions are used for what another named.
///
/// A daemon that cannot change its identity goes all the way as itself.
final class OwnerWalk: Sendable {
    /// How many links the way to an inbox may have, as for the kernel.
    private static let linkLimit = 40

    /// How far a way led.
    struct Trail: Sendable {
        /// The last directory that was reached.
        var place: Place
        /// What was left of the way.
        var rest: [FileName]
        /// Why it ended there; nil where nothing was left.
        var errno: Errno?
    }

    let threads: OwnerThreads
    let mayActForOthers: Bool
    /// Each user is looked up once in a walk.
    private let owners = Mutex<[UInt32: Owner]>([:])
    /// Kept for as long as the walk takes, so that no thread starts and ends with each step.
    private let mounts = Mutex<[UInt64: MountThreads]>([:])

    init(_ threads: OwnerThreads) async throws {
        self.threads = threads
        mayActForOthers = try await threads.mayActForOthers()
    }

    /// Follows names from the root of the file system.
    ///
    /// A link is followed where root or the daemon's own user made it: anybody else could lead the
    /// daemon astray with it.
    ///
    /// - Throws: ``InboxError`` where a thread, an identity or an answer is not to be had.
    func follow(_ names: [FileName]) async throws -> Trail {
        var ways = [try await top()]
        var rest = names.reversed().map { [UInt8]($0.bytes) }
        var linkCount = 0
        while let next = rest.popLast() {
            guard let place = ways.last else { preconditionFailure("the root is never left") }
            if next.isEmpty || next == Array(".".utf8) { continue }
            if next == Array("..".utf8) {
                if ways.count > 1 { ways.removeLast() }
                continue
            }
            guard let name = FileName(next) else {
                return Trail(place: place, rest: [], errno: .noSuchFileOrDirectory)
            }
            switch try await step(to: name, from: place) {
            case .place(let place):
                ways.append(place)
            case .link(let target):
                linkCount += 1
                guard linkCount <= Self.linkLimit else {
                    return trail(place, name, rest, .tooManySymbolicLinkLevels)
                }
                if target.first == UInt8(ascii: "/") { ways = [ways[0]] }
                rest += target.split(separator: UInt8(ascii: "/")).reversed().map(Array.init)
            case .failed(let errno):
                return trail(place, name, rest, errno)
            }
        }
        guard let place = ways.last else { preconditionFailure("the root is never left") }
        return Trail(place: place, rest: [], errno: nil)
    }

    /// Opens those of the named entries of a directory that are directories, in the order of their
    /// names; all others are passed over. Mounts among them are asked side by side.
    func open(
        _ names: [FileName], in place: Place
    ) async throws -> [(name: FileName, place: Result<Place, any Error>)] {
        let owner = try owner(of: place)
        let table = threads.register.current().table
        let home = table.device(of: place.location)
        var groups: [UInt64?: [FileName]] = [:]
        for name in names {
            groups[table.device(of: place.location(of: name)) ?? home, default: []].append(name)
        }
        typealias Opened = [(name: FileName, place: Result<Place, any Error>)]
        return await withTaskGroup(of: Opened.self) { group in
            for (device, names) in groups {
                group.addTask { [threads] in
                    do {
                        return try await self.mount(device).run(
                            as: owner, answeringWithin: threads.patience, by: threads.clock
                        ) { Self.open(names, in: place) }
                    } catch {
                        return names.map { ($0, .failure(error)) }
                    }
                }
            }
            return await group.reduce(into: Opened()) { $0 += $1 }.sorted { $0.name < $1.name }
        }
    }

    /// The names in a directory that may be directories and that `isWanted` wants, sorted; one more
    /// than `limit` at most.
    func names(
        in place: Place, limit: Int, isWanted: @escaping @Sendable (FileName) -> Bool
    ) async throws -> [FileName] {
        let owner = try owner(of: place)
        return try await run(as: owner, at: place.location) {
            let files = InboxFiles(root: place.descriptor, owner: owner)
            var names: [FileName] = []
            try files.list(BeneathPath()) { name, kind in
                if kind == nil || kind == .folder, isWanted(name) { names.append(name) }
                return names.count <= limit
            }
            return names.sorted()
        }
    }

    /// Whose identity opens what stands in a directory.
    func owner(of place: Place) throws(InboxError) -> Owner {
        guard mayActForOthers else { return Owner.ofProcess() }
        return try owner(of: place.facts.uid)
    }

    /// Who a user is.
    func owner(of uid: UInt32) throws(InboxError) -> Owner {
        if let known = owners.withLock({ $0[uid] }) { return known }
        let owner = try Owner.lookUp(uid: uid)
        owners.withLock { $0[uid] = owner }
        return owner
    }

    /// Runs `body` on the threads of the mount that a path leads to.
    func run<Result: Sendable>(
        as owner: Owner, at location: [UInt8], _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await mount(threads.register.current().table.device(of: location)).run(
            as: owner, answeringWithin: threads.patience, by: threads.clock, body)
    }

    /// The threads of a mount; those of no mount where nothing is known.
    private func mount(_ device: UInt64?) -> MountThreads {
        mounts.withLock { mounts in
            let device = device ?? 0
            if let mount = mounts[device] { return mount }
            let mount = threads.threads(ofMount: device)
            mounts[device] = mount
            return mount
        }
    }

    private enum Step: Sendable {
        case place(Place)
        case link([UInt8])
        case failed(Errno)
    }

    private func top() async throws -> Place {
        try await run(as: Owner.ofProcess(), at: []) {
            do throws(Errno) {
                return try Place(path: "/", isLinkFollowed: false)
            } catch {
                throw InboxError.rootUnavailable(path: "/", error)
            }
        }
    }

    private func step(to name: FileName, from place: Place) async throws -> Step {
        try await run(as: try owner(of: place), at: place.location(of: name)) {
            do throws(Errno) {
                return .place(try Place(name, in: place))
            } catch {
                guard error == .notDirectory || error == .tooManySymbolicLinkLevels else {
                    return .failed(error)
                }
                return Self.target(of: name, in: place).map(Step.link) ?? .failed(.notDirectory)
            }
        }
    }

    private func trail(
        _ place: Place, _ name: FileName, _ rest: [[UInt8]], _ errno: Errno
    ) -> Trail {
        Trail(place: place, rest: [name] + rest.reversed().compactMap(FileName.init), errno: errno)
    }

    /// Where a link leads that may be followed; nil for every other entry.
    private static func target(of name: FileName, in place: Place) -> [UInt8]? {
        let code = withCString(name.bytes) {
            openat(
                place.descriptor.rawValue, $0, clinux_path_only | O_NOFOLLOW | O_CLOEXEC)
        }
        guard code >= 0 else { return nil }
        let link = FileDescriptor(rawValue: code)
        defer { closeQuietly(link) }
        do {
            let facts = try Entry(at: link, name: nil, path: BeneathPath())
            guard facts.kind == .link, facts.uid == 0 || facts.uid == geteuid() else { return nil }
        } catch {
            return nil
        }
        return Place.linkTarget { readlinkat(code, "", $0, $1) }
    }

    private static func open(
        _ names: [FileName], in place: Place
    ) -> [(name: FileName, place: Result<Place, any Error>)] {
        names.compactMap { name in
            do throws(Errno) {
                return (name, .success(try Place(name, in: place)))
            } catch {
                // Not there, or no directory: a link is none either.
                let passedOver: [Errno] = [
                    .noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels,
                ]
                return passedOver.contains(error) ? nil : (name, .failure(error))
            }
        }
    }
}
