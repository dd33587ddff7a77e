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
            name: {required: true, transform: [trim], length: {min: 2, max: 100}}
            email: {required: true, type: email, transform: [trim, lower]}
            phone: {transform: [trim]}
            department: {transform: [trim]}
            position: {transform: [trim]}

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
