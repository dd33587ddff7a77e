/// Text as it comes over the wall: bytes that claim to be UTF-8.
enum UTF8Text {
    /// Whether the bytes are well-formed UTF-8.
    ///
    /// Rule: RFC 3629, section 4.
    static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.withMemoryRebound(to: UInt8.self) { bytes in
            do {
                _ = try UTF8Span(validating: bytes.span)
                return true
            } catch {
                return false
            }
        }
    }
}
