import Rules
import Yams

/// The schemas that come with ingestd, as the text that a config could have for them.
enum BuiltInSchemas {
    /// Rule: docs/formats.md, "Schemas", which shows the same text.
    static let text = """
        participants:
          key: email
          tokens: true
          columns:
            name: {aliases: [이름, 성명], required: true, transform: [trim], length: {min: 2, max: 100}}
            email: {aliases: [이메일, 이메일 주소], required: true, type: email, transform: [trim, lower]}
            phone: {aliases: [전화번호, 휴대폰], transform: [trim]}
            department: {aliases: [부서], transform: [trim]}
            position: {aliases: [직위], transform: [trim]}

        """

    /// What the text says.
    static let all: [TableSchema] = {
        var reader = SchemaReader()
        do {
            if let root = try Yams.compose(yaml: text) { reader.read(root) }
        } catch {
            preconditionFailure("the schemas that come with ingestd are no YAML: \(error)")
        }
        precondition(reader.problems.isEmpty, "\(reader.problems)")
        return reader.schemas
    }()
}
