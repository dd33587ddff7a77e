import ArgumentParser
import Glibc
import Pipeline
import Rules

/// Where the state is, for commands that work on it.
struct StatePlace: ParsableArguments {
    @Option(help: "The config file that names the state.", completion: .file())
    var config: String?

    @Option(help: "The state directory.", completion: .directory)
    var state: String?

    /// The state directory; complains where the config cannot tell.
    func directory() throws(ExitCode) -> String {
        do {
            return try Configuration.settings(
                from: Configuration.Sources(configFile: config, stateDirectory: state),
                in: .current(), need: .nothing
            ).stateDirectory
        } catch {
            Output.complain(error.description)
            throw .badConfig
        }
    }

    /// Says why the state could not be worked on, and what the shell is told.
    static func complain(_ error: any Error) -> ExitCode {
        switch error {
        case let error as StateError:
            Output.complain(error.description)
            if case .inUse = error { return .tryAgain }
            return .inputOutput
        case let error as any DocumentError:
            Output.complain(error.failure.detail)
            return .inputOutput
        default:
            Output.complain("\(error)")
            return .inputOutput
        }
    }
}

extension Timestamp {
    /// The system's clock.
    static var current: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(
            milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
