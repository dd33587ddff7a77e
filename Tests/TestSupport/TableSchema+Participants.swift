import Rules

extension TableSchema {
    /// The schema that comes with ingestd; a test of the configuration holds it against the text.
    public static let participants = TableSchema(
        name: "participants",
        columns: [
            Column(
                name: "name", isRequired: true,
                rule: ValueRule(length: ValueBounds(least: 2, greatest: 100))),
            Column(
                name: "email", isRequired: true,
                rule: ValueRule(type: .email, transforms: [.trim, .lower])),
            Column(name: "phone"), Column(name: "department"), Column(name: "position"),
        ],
        key: ["email"], hasTokens: true)
}
