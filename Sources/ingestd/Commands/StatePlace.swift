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

    /// The inboxes that the state is of, as the config has them: the one that is named, else the system's
    /// where that is about the same state. None where there is no such config.
    func inboxes(of directory: String) -> [NamedInbox] {
        let file = config ?? ConfigCheck.standardFile
        do throws(ConfigError) {
            let settings = try Configuration.settings(
                from: Configuration.Sources(configFile: file), in: .current(), need: .nothing)
            let isMeant = config != nil || settings.stateDirectory == directory
            return isMeant ? settings.inboxes : []
        } catch {
            // The one that was named has been read before; the system's need not be there.
            return []
        }
    }

    /// The same, where there is a state that this user may read.
    func existingDirectory() throws(ExitCode) -> String {
        let directory = try directory()
        guard faccessat(AT_FDCWD, directory + "/catalog.sqlite3", R_OK, AT_EACCESS) != 0 else {
            return directory
        }
        switch errno {
        case ENOENT, ENOTDIR:
            Output.complain("there is no state of ingestd in \(directory)")
            throw .noInput
        case EACCES, EPERM:
            Output.complain(
                "\(directory) is closed to this user: ask as root, or as the user of the daemon")
            throw .noPermission
        default:
            Output.complain("\(directory): \(String(cString: strerror(errno)))")
            throw .inputOutput
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
