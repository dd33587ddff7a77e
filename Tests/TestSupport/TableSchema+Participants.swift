import Rules

extension TableSchema {
    /// The schema that comes with ingestd; a test of the configuration holds it against the text.
    public static let participants = TableSchema(
        name: "participants",
        columns: [
            Column(
                name: "name", aliases: ["이름", "성명"], isRequired: true,
                rule: ValueRule(length: ValueBounds(least: 2, greatest: 100))),
            Column(
                name: "email", aliases: ["이메일", "이메일 주소"], isRequired: true,
                rule: ValueRule(type: .email, transforms: [.trim, .lower])),
            Column(name: "phone", aliases: ["전화번호", "휴대폰"]),
            Column(name: "department", aliases: ["부서"]), Column(name: "position", aliases: ["직위"]),
        ],
        key: ["email"], hasTokens: true)
}
