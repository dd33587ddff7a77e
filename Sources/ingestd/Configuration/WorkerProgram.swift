import Glibc

/// Where the program `ingest-worker` is.
enum WorkerProgram {
    static let name = "ingest-worker"

    /// The places in which it is looked for, best first, when the daemon's own program is at `daemon`.
    ///
    /// A build has both side by side; an installation keeps the worker, which nobody calls by hand, in `libexec`.
    static func candidates(besides daemon: String) -> [String] {
        let folder = AbsolutePath.parent(daemon)
        let prefix = AbsolutePath.parent(folder)
        return [
            "\(folder)/\(name)",
            "\(prefix == "/" ? "" : prefix)/libexec/ingestd/\(name)",
        ]
    }

    /// The first place where there is a program that may be run.
    ///
    /// - Throws: ``ConfigError`` that names the places that were tried.
    static func locate(configured: String?) throws(ConfigError) -> String {
        let places: [String]
        if let configured {
            places = [configured]
        } else {
            // A link made by the kernel; it needs no argv[0] and no PATH.
            let daemon = AbsolutePath.resolved("/proc/self/exe")
            places = candidates(besides: daemon)
        }
        if let found = places.first(where: { access($0, X_OK) == 0 }) { return found }
        throw ConfigError(
            file: nil,
            "there is no worker program at \(places.joined(separator: " or ")); install ingestd "
                + "anew, or name it with “workers: program:” in the config")
    }
}
