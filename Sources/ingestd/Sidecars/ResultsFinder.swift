import ArgumentParser
import CLinux
import Glibc
import Inbox
import Rules

/// Finds where the sidecars of a path stand, where the config has them elsewhere than beside it.
enum ResultsFinder {
    /// Where the sidecars of what stands at `path` would stand beside it: there, or in the folder that
    /// the config names for the results of its inbox.
    ///
    /// - Parameter config: the file that is read; nil is the system's, where that can be used.
    /// - Throws: an exit code where a config that was named cannot be used, with a complaint.
    static func path(for path: String, config: String?) throws(ExitCode) -> String {
        let surroundings = Configuration.Surroundings.current()
        let finder: InboxFinder
        do throws(ConfigError) {
            finder = try InboxFinder(config: config, inboxes: [], in: surroundings)
        } catch {
            guard config != nil else { return path }
            Output.complain(error.description)
            throw .badConfig
        }
        guard let plain = AbsolutePath.plain(path, from: surroundings.workingDirectory),
            let place = finder.place(of: plain), let results = place.inbox.settings.results,
            let folder = folder(results, of: place.inbox.path)
        else { return path }
        return place.path.isRoot ? folder : "\(folder)/\(place.path)"
    }

    /// The folder that the results of an inbox go into; nil where the inbox is not there.
    static func folder(_ results: ResultsPlace, of inbox: String) -> String? {
        guard let uid = owner(of: inbox) else { return nil }
        do {
            return results.path(for: inbox, of: try Owner.lookUp(uid: uid).account)
        } catch {
            // Who that is cannot be found out, and nothing with it.
            return nil
        }
    }

    /// Whose a folder is; nil where it cannot be seen.
    static func owner(of folder: String) -> UInt32? {
        var facts = stat()
        return lstat(folder, &facts) == 0 ? facts.st_uid : nil
    }
}
