import Glibc
import Inbox
import Intake
import Rules
import Synchronization
import SystemPackage

/// The folder in the state directory where operators leave requests for the daemon.
///
/// Each file goes once it is carried out; one about an inbox that is not served waits for that.
/// Rule: docs/formats.md, "Requests of an operator".
public final class OperatorRequests: Sendable {
    /// A file as it was read.
    struct File: Sendable, Hashable {
        var name: FileName
        /// As the catalogue knows it: a file that is linked here once more has changed since.
        var identity: DropIdentity

        /// The same for a file whose permissions are mended, which asks for nothing new by that.
        var asWritten: File {
            var file = self
            file.identity.changed = identity.modified
            return file
        }
    }

    private struct Memory {
        /// What stays, and was told of; as it was written, like what follows.
        var told: Set<File> = []
        /// What could not be removed afterwards.
        var carriedOut: Set<File> = []
        var lookAgain: (@Sendable () -> Void)?
    }

    /// How many files that stay are remembered of each kind; an operator will have looked long before.
    private static let memoryLimit = 1000

    let folder: FilePath
    private let memory = Mutex(Memory())

    init(_ folder: FilePath) { self.folder = folder }

    /// Hands what lies there to the inboxes that it is about, until the task is cancelled.
    func run(_ house: House, _ desks: Desks, _ watch: FolderWatch) async {
        memory.withLock { $0.lookAgain = { watch.look() } }
        while !Task.isCancelled {
            await handOut(house, desks)
            await watch.change()
        }
        memory.withLock { $0.lookAgain = nil }
    }

    /// Has the folder read again: an inbox that had no room for more requests has some.
    func look() { memory.withLock(\.lookAgain)?() }

    /// Hands out what lies there at the moment.
    ///
    /// - Returns: how many are to be decided that were not before.
    @discardableResult
    func handOut(_ house: House, _ desks: Desks) async -> Int {
        var boxes = Dictionary(
            desks.services.map { (Array($0.desk.root.path.utf8), $0.desk.requests) },
            uniquingKeysWith: { first, _ in first })
        var news = 0
        var odd: Set<File> = []
        // The rest is looked at once there is room: reading on would be for nothing.
        var isFull = false
        do {
            var page: [FileName] = []
            repeat {
                page = try names(after: page.last)
                for sight in try looks(at: page) {
                    switch sight {
                    case .nothing: break
                    case .request(let file, let request):
                        switch give(file, request, to: boxes) {
                        case .news: news += 1
                        case .known: break
                        // None that comes after it goes before it.
                        case .turnedAway:
                            boxes[request.inbox] = nil
                            isFull = boxes.isEmpty
                        }
                    case .odd(let file, let reason, let isToGo):
                        odd.insert(file.asWritten)
                        tell(file, reason, house)
                        if isToGo { removeOrLeave(file) }
                    }
                }
                await Task.yield()
            } while page.count == Self.pageLength && !isFull && !Task.isCancelled
            guard !isFull else { return news }
            // What was not met again is gone, and need not be remembered.
            memory.withLock { [odd] in $0.told.formIntersection(odd) }
        } catch {
            house.say(
                .requestIgnored,
                [.path: folder.string, .reason: "the folder cannot be read", .detail: "\(error)"])
        }
        return news
    }

    /// Whether a file still asks for what was read in it, and that was not carried out.
    func isToDo(_ file: File) throws(Errno) -> Bool {
        if wasCarriedOut(file) { return false }
        return try isThere(file)
    }

    /// Removes a file that was carried out; one that is gone already is no error.
    ///
    /// What cannot be removed is not carried out again. Past a bound that is forgotten; the catalogue
    /// still knows the last of each document.
    func finish(_ file: File) throws(Errno) {
        do throws(Errno) {
            try remove(file)
        } catch {
            memory.withLock { memory in
                if memory.carriedOut.count >= Self.memoryLimit { memory.carriedOut = [] }
                memory.carriedOut.insert(file.asWritten)
            }
            throw error
        }
    }

    private func wasCarriedOut(_ file: File) -> Bool {
        memory.withLock { $0.carriedOut.contains(file.asWritten) }
    }

    private func give(
        _ file: File, _ request: OperatorRequest, to boxes: [[UInt8]: RequestBox]
    ) -> RequestBox.Answer {
        if wasCarriedOut(file) {
            // Perhaps whatever kept it there is over.
            removeOrLeave(file)
            return .known
        }
        guard let box = boxes[request.inbox], let name = request.target.name,
            let about = Request(request.verb, about: name)
        else { return .known }
        return box.mark(
            AskedFor(
                source: .operators(file), request: about,
                target: request.target.sibling(about.target)))
    }

    private func removeOrLeave(_ file: File) {
        do throws(Errno) {
            try remove(file)
            memory.withLock { _ = $0.carriedOut.remove(file.asWritten) }
        } catch {
            // It was told of, and is looked at again whenever something changes in the folder.
        }
    }

    /// Says once why a file is no request.
    private func tell(_ file: File, _ reason: String, _ house: House) {
        let isNew = memory.withLock { memory in
            memory.told.count < Self.memoryLimit && memory.told.insert(file.asWritten).inserted
        }
        guard isNew else { return }
        house.say(.requestIgnored, [.path: "\(folder)/\(file.name)", .reason: reason])
    }
}
