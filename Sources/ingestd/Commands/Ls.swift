import ArgumentParser
import Glibc

/// Lists what became of the files in a folder.
struct Ls: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List what became of the files in a folder.",
        discussion: """
            Reads the status files beside the drops: it needs no daemon and no rights beyond \
            those to read the folder, and works on network mounts too. Where the config has the \
            results of an inbox elsewhere, they are found there: reads --config, else \
            /etc/ingestd/ingestd.yaml if it may.
            """)

    @Argument(help: "The folder to look into.", completion: .directory)
    var directory = "."

    @Flag(name: [.customShort("r"), .long], help: "Look into the folders below it as well.")
    var recursive = false

    @Option(help: "The config file.", completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Flag(help: "Print a JSON array with a path and the status file for each document.")
    var json = false

    func run() async throws {
        var listing = SidecarListing(printsJSON: json)
        do {
            let root = try SidecarFolder(
                path: try ResultsFinder.path(for: directory, config: config))
            try listing.list(root, below: "", depth: recursive ? SidecarListing.depthLimit : 0)
        } catch let failure as SidecarFolder.Failure {
            Output.complain("\(failure)")
            throw failure.code == EACCES ? ExitCode.noPermission : .noInput
        }
        try listing.finish()
    }
}

/// The rows of a listing; prints them in parts, so that a folder with a million sidecars needs no memory for them.
struct SidecarListing {
    /// Folders below folders that are looked into; deeper trees are no inboxes.
    static let depthLimit = 64
    /// Rows whose columns are aligned with each other.
    private static let partLength = 1000

    private let printsJSON: Bool
    private var table = Self.emptyTable
    private var rowCount = 0
    /// The worst that happened on the way.
    private var exit = ExitCode.success

    init(printsJSON: Bool) { self.printsJSON = printsJSON }

    /// Lists a folder, then those below it, down to `depth` more.
    mutating func list(
        _ folder: borrowing SidecarFolder, below prefix: String, depth: Int
    ) throws {
        let (sidecars, folders) = try folder.names()
        for name in sidecars {
            switch folder.read(name) {
            case .status(let status, let bytes): try add(status, json: bytes, prefix: prefix)
            case .notOurs: continue
            case .unreadable(let reason, let code):
                note("\(folder.path)/\(name): \(reason)", code)
            }
        }
        guard depth > 0 else { return }
        for name in folders {
            do {
                let inner = try folder.folder(name)
                try list(inner, below: "\(prefix)\(name)/", depth: depth - 1)
            } catch let failure as SidecarFolder.Failure {
                note("\(failure)", failure.code)
            }
        }
    }

    /// Prints what is left, and throws the exit code where something could not be read.
    mutating func finish() throws(ExitCode) {
        if printsJSON {
            try Output.write(rowCount == 0 ? "[]\n" : "\n]\n")
        } else {
            try flush()
            if rowCount == 0, exit == .success {
                Output.complain("nothing has been taken from here yet")
            }
        }
        if exit != .success { throw exit }
    }

    private mutating func add(
        _ status: StatusFile, json: [UInt8], prefix: String
    ) throws(ExitCode) {
        let path = prefix + status.fileName
        rowCount += 1
        if printsJSON {
            let name = SidecarJSON.string(path)
            let body = TerminalText.json(String(decoding: json, as: UTF8.self))
            let start = rowCount == 1 ? "[\n" : ",\n"
            try Output.write(
                "\(start){\"path\": \(name), \"status\": \(SidecarJSON.trimmed(body))}")
            return
        }
        let progress = status.progress.map { "\($0)%" } ?? ""
        table.add(path, status.standing, progress, status.remark)
        if rowCount.isMultiple(of: Self.partLength) { try flush() }
    }

    private mutating func flush() throws(ExitCode) {
        guard !table.isEmpty else { return }
        try Output.write(table.text(showsHeader: rowCount <= Self.partLength))
        table = Self.emptyTable
    }

    private mutating func note(_ message: String, _ code: Int32) {
        Output.complain(message)
        exit =
            code == EACCES || code == EPERM ? .noPermission : code == 0 ? .dataError : .inputOutput
    }

    private static var emptyTable: TextTable { TextTable("NAME", "STATUS", "PROGRESS", "MESSAGE") }
}
