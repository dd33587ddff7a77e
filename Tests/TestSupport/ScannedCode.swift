import Foundation

/// What another program than the one that drew it, zbar, reads in a picture of a code.
public struct ScannedCode {
    /// Without the end of line that zbar adds.
    public let text: String
    /// Whether it found a code.
    public let isFound: Bool

    /// - Parameter picture: the path of a PNG.
    public init(in picture: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/zbarimg")
        process.arguments = ["--quiet", "--raw", picture]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        isFound = process.terminationStatus == 0
        text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
    }
}
