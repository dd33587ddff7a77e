extension String {
    /// The longest beginning that has at most `limit` bytes of UTF-8 and does not cut a character
    /// of Unicode.
    func clipped(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var length = 0
        let scalars = unicodeScalars.prefix { scalar in
            length += String(scalar).utf8.count
            return length <= limit
        }
        return String(String.UnicodeScalarView(scalars))
    }

    /// The same text with a space for each control character.
    var onOneLine: String {
        let scalars = unicodeScalars.map { scalar -> Unicode.Scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: " "
            default: scalar
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
