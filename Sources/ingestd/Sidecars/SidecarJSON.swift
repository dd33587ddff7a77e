import Rules

/// Pieces of JSON that commands put together from files they pass on as they are.
enum SidecarJSON {
    /// A text as a JSON string, fit for a terminal.
    static func string(_ text: String) -> String {
        TerminalText.json(JSONValue.string(text).compact)
    }

    /// A document without the line feed at its end.
    static func trimmed(_ json: String) -> String {
        var json = Substring(json)
        while let last = json.unicodeScalars.last, last == "\n" || last == "\r" || last == " " {
            json.unicodeScalars.removeLast()
        }
        return String(json)
    }
}
