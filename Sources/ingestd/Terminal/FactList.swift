import Rules

/// One thing that is told about something, for people and for programs.
struct Fact: Sendable, Hashable {
    /// `next_look`; people read `next look`.
    let key: String
    let text: String
    /// What a program reads instead of the text.
    let json: JSONValue

    init(_ key: String, _ text: String, json: JSONValue? = nil) {
        self.key = key
        self.text = text
        self.json = json ?? .string(text)
    }
}

extension [Fact] {
    /// Adds a fact unless there is nothing to tell.
    mutating func add(_ key: String, _ text: String?) {
        if let text, !text.isEmpty { append(Fact(key, text)) }
    }

    /// One line for each, the labels in a column.
    var lines: String {
        let width = (map { $0.key.utf8.count }.max() ?? 0) + 2
        return map { fact in
            let label = String(fact.key.map { $0 == "_" ? " " : $0 })
            let gap = String(repeating: " ", count: width - label.utf8.count)
            return "  " + label + gap + TerminalText.line(fact.text) + "\n"
        }.joined()
    }
}
