import ArgumentParser

/// The program's front door: one command a file, in `Commands`.
struct Ingestd: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingestd",
        abstract: "Takes the files people drop into folders, keeps them, and works on them.",
        version: Self.version,
        subcommands: [
            Run.self, Ls.self, Show.self, Explain.self, Retry.self, Refresh.self, Thumbnail.self,
            Pages.self, Restore.self, Delete.self, Quota.self, Token.self, Doctor.self, Fsck.self,
            Gc.self, Config.self,
        ])

    static let version = "0.1.0"
}
