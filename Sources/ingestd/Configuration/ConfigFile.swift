import Rules
import SystemPackage
import Yams

/// What a config file says, before the command line adds to it.
struct ConfigFile: Sendable, Hashable {
    /// Nobody writes a config of this size; whatever it is, it is not read.
    static let sizeLimit = 1 << 20

    /// As it was given.
    let path: String
    /// Complete but for ``DaemonSettings/stateDirectory``, which is empty where the file names none.
    let settings: DaemonSettings
    /// The places of ``DaemonSettings/inboxes`` in the file, in the same order.
    let inboxPlaces: [ConfigPlace]

    /// Reads and understands a file.
    ///
    /// - Throws: ``ConfigError`` with every problem that the file has.
    init(path: String) throws(ConfigError) {
        try self.init(text: Self.read(path), path: path)
    }

    /// Understands a file's text; `path` is only for messages.
    init(text: String, path: String) throws(ConfigError) {
        var parser = ConfigParser()
        do {
            if let root = try Yams.compose(yaml: text) { parser.read(root) }
        } catch let error as YamlError {
            throw ConfigError(file: path, problems: [Self.problem(error)])
        } catch {
            throw ConfigError(file: path, "the file is not YAML: \(error)")
        }
        guard parser.problems.isEmpty else {
            throw ConfigError(file: path, problems: parser.problems)
        }
        self.path = path
        self.settings = parser.settings
        self.inboxPlaces = parser.inboxPlaces
    }

    private static func read(_ path: String) throws(ConfigError) -> String {
        do {
            let file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
            let bytes = try file.closeAfter { try readAll(file) }
            guard bytes.count <= sizeLimit else {
                throw ConfigError(file: path, "the file is larger than 1 MiB; it is no config")
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw ConfigError(file: path, "the file is not UTF-8")
            }
            return text
        } catch let error as ConfigError {
            throw error
        } catch {
            throw ConfigError(file: path, "the file cannot be read: \(error)")
        }
    }

    /// At most one byte more than the limit, so that the caller can tell.
    private static func readAll(_ file: FileDescriptor) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= sizeLimit {
            let count = try chunk.withUnsafeMutableBytes { try file.read(into: $0) }
            guard count > 0 else { break }
            bytes += chunk.prefix(count)
        }
        return bytes
    }

    private static func problem(_ error: YamlError) -> ConfigProblem {
        func at(_ mark: Mark, _ message: String) -> ConfigProblem {
            ConfigProblem(line: mark.line, column: mark.column, message: message)
        }
        switch error {
        case .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let setting = context.map { " (\($0.text))" } ?? ""
            return at(mark, "not YAML: \(problem)\(setting)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.sorted().map { "“\($0)”" }.joined(separator: ", ")
            return at(context.mark, "the key \(names) stands here twice; keep one")
        case .reader(let problem, _, _, _), .writer(let problem), .emitter(let problem),
            .representer(let problem):
            return ConfigProblem(line: 0, column: 0, message: "not YAML: \(problem)")
        case .no, .memory, .dataCouldNotBeDecoded:
            return ConfigProblem(line: 0, column: 0, message: "not YAML: \(error)")
        }
    }
}

/// Where something stands in the config file; both counted from one.
struct ConfigPlace: Sendable, Hashable {
    let line: Int
    let column: Int
}
