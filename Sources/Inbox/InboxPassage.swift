import Rules
import SystemPackage

/// A directory above the matches of a path or pattern, in which some may come or go.
public struct InboxPassage: Sendable {
    /// For people.
    public let path: String
    /// In whose name it is looked at.
    public let owner: Owner
    /// Which of its entries are, or lead to, matches.
    public let step: InboxPattern.Step
    let place: Place
    private let walk: OwnerWalk

    init(path: String, owner: Owner, place: Place, step: InboxPattern.Step, walk: OwnerWalk) {
        self.path = path
        self.owner = owner
        self.place = place
        self.step = step
        self.walk = walk
    }

    /// Lends the opened directory on a thread of its mount, in its owner's name; nil where the kernel
    /// reports no changes on its file system.
    ///
    /// - Throws: ``InboxError`` where it cannot be opened; else what `body` throws.
    public func run<Result: Sendable>(
        _ body: @escaping @Sendable (FileDescriptor) throws -> Result
    ) async throws -> Result? {
        try await walk.run(as: owner, at: place.location) { [place, path] in
            let directory: FileDescriptor
            do throws(Errno) {
                directory = try place.open()
            } catch {
                throw InboxError.rootUnavailable(path: path, error)
            }
            defer { closeQuietly(directory) }
            guard FileSystemKind(of: directory).reportsEvents else { return nil }
            return try body(directory)
        }
    }
}
