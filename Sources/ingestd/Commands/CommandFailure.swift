import ArgumentParser
import Catalog
import Pipeline
import Rules

/// Why a command cannot do its work, as it is told to people and to the shell.
enum CommandFailure {
    /// Says why, and returns what the shell is told. Rule: docs/operations.md, "Look".
    static func complain(_ error: any Error) -> ExitCode {
        switch error {
        case let error as StateError:
            Output.complain(error.description)
            if case .inUse = error { return .tryAgain }
            return .inputOutput
        case let error as CatalogError:
            Output.complain(error.failure.detail)
            return code(of: error)
        case let error as any DocumentError:
            Output.complain(error.failure.detail)
            return error.failure.code == .notReadable ? .noPermission : .inputOutput
        default:
            Output.complain("\(error)")
            return .inputOutput
        }
    }

    private static func code(of error: CatalogError) -> ExitCode {
        switch error {
        // Trying again does not help: another version has to be installed, or another state named.
        case .newer, .foreign: .badConfig
        case .older: .tryAgain
        case .full, .io, .damaged, .refused, .reservationLost, .noSuchDocument, .noSuchStage,
            .unreadable:
            .inputOutput
        }
    }
}
