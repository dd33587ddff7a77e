import ArgumentParser
import CLinux
import Catalog
import Glibc
import Inbox
import Pipeline
import Rules
import SystemPackage

/// A request that lies where the daemon finds it.
struct LeftRequest: Sendable {
    /// As it was given.
    let file: String
    let verb: Request.Verb
    /// Whether nobody is there to carry it out for now.
    let isWaiting: Bool

    /// For a person.
    var text: String {
        TerminalText.line("\(verb) asked for: \(file)")
            + (isWaiting ? " (no daemon runs; it is done when one starts)" : "")
    }

    var json: JSONValue {
        .object([
            .init("path", .string(file)), .init("request", .string("\(verb)")),
            .init("daemon_runs", .bool(!isWaiting)),
        ])
    }
}

/// Leaves requests for the daemon, which alone writes the catalogue and the sidecars.
struct RequestSender {
    /// Why a request could not be left.
    struct Obstacle: Error {
        let message: String
        let exitCode: ExitCode
    }

    let finder: InboxFinder
    let surroundings: Configuration.Surroundings
    private let threads = OwnerThreads()

    init(finder: InboxFinder, surroundings: Configuration.Surroundings) {
        self.finder = finder
        self.surroundings = surroundings
    }

    /// Asks for something about the file at a path of the command line.
    func ask(for verb: Request.Verb, about path: String) async throws(Obstacle) -> LeftRequest {
        guard let plain = AbsolutePath.plain(path, from: surroundings.workingDirectory),
            let place = finder.place(of: plain), let name = place.path.name
        else {
            throw Obstacle(
                message: "\(path) is in no inbox; \(finder.scope)", exitCode: .noInput)
        }
        guard let request = Request(verb, about: name) else {
            throw Obstacle(
                message:
                    "\(path): only PDFs and tables are taken, so nothing else can be asked about",
                exitCode: .dataError)
        }
        let holder = place.stateDirectory.map { StateHolder(of: $0) } ?? .unknown
        if let state = place.stateDirectory, isOperator(of: state, at: place) {
            try await leave(
                OperatorRequest(
                    verb: verb, inbox: Array(place.inbox.path.utf8), target: place.path),
                about: place.path.sibling(request.target), in: state, path)
        } else {
            try await leave(request, at: place, path)
        }
        return LeftRequest(file: path, verb: verb, isWaiting: holder == .nobody)
    }

    /// Whether this user asks as an operator: one who has the state directory, and not the inbox.
    private func isOperator(of state: String, at place: InboxPlace) -> Bool {
        guard OperatorRequests.mayBeLeft(in: state) else { return false }
        var facts = stat()
        return lstat(place.inbox.path, &facts) != 0 || facts.st_uid != geteuid()
    }

    /// Leaves an operator's request, about a document that there is or that can be restored.
    private func leave(
        _ request: OperatorRequest, about target: BeneathPath, in state: String, _ path: String
    ) async throws(Obstacle) {
        do {
            let catalog = try Catalog.openReadOnly(state + "/catalog.sqlite3")
            let isKnown = try await catalog.isKnown(
                inbox: request.inbox, path: target, now: .current)
            try catalog.close()
            guard isKnown else {
                throw Obstacle(message: "\(path) was never taken", exitCode: .noInput)
            }
            try OperatorRequests.leave(request, in: state, now: .current)
        } catch let obstacle as Obstacle {
            throw obstacle
        } catch let error as Errno {
            throw Obstacle(
                message: "leave a request in \(state)/requests: \(error)",
                exitCode: error == .permissionDenied ? .noPermission : .inputOutput)
        } catch {
            throw Obstacle(
                message: (error as? any DocumentError)?.failure.detail ?? "\(error)",
                exitCode: .inputOutput)
        }
    }

    /// Leaves a request file beside the file that it is about, as the inbox's owner.
    private func leave(
        _ request: Request, at place: InboxPlace, _ path: String
    ) async throws(Obstacle) {
        let target = place.path.sibling(request.name)
        do {
            let root = try await place.openRoot(threads)
            try await root.run(at: target) { files in
                do throws(InboxError) {
                    let file = try files.create(target)
                    _ = Glibc.close(file.descriptor.rawValue)
                } catch  where error.errno == .fileExists {
                    // It is asked for already.
                }
            }
        } catch {
            let known = error as? InboxError
            let isForbidden = [Errno.permissionDenied, .notPermitted].contains(known?.errno)
            throw Obstacle(
                message: "\(path): \(known?.failure.detail ?? "\(error)")",
                exitCode: isForbidden
                    ? .noPermission : known?.isAbsence == true ? .noInput : .inputOutput)
        }
    }
}
