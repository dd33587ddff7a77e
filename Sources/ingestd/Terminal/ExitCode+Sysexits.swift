import ArgumentParser

/// What a command tells the shell that called it.
///
/// Rule: sysexits(3).
extension ExitCode {
    /// A status file, a document or the state is not as it should be.
    static let dataError = ExitCode(65)
    /// What was named does not exist.
    static let noInput = ExitCode(66)
    /// The daemon or something it needs is not there.
    static let unavailable = ExitCode(69)
    /// Reading or writing failed.
    static let inputOutput = ExitCode(74)
    /// Another daemon is in the way, or something will be better later.
    static let tryAgain = ExitCode(75)
    /// The caller may not see what was named.
    static let noPermission = ExitCode(77)
    /// The configuration cannot be used.
    static let badConfig = ExitCode(78)
}
