import Glibc
import Rules

/// One record as the kernel writes it to a reader of watches.
///
/// Rule: inotify(7).
struct InotifyRecord: Sendable, Hashable {
    /// −1 where the record speaks of the queue as a whole.
    let watch: Int32
    let mask: UInt32
    /// Empty where the record speaks of the watched folder itself.
    let name: [UInt8]

    func has(_ bits: Int32) -> Bool { mask & UInt32(bitPattern: bits) != 0 }

    /// Calls `body` for each whole record in what one read gave.
    static func forEach(in buffer: UnsafeRawBufferPointer, _ body: (InotifyRecord) -> Void) {
        let headerLength = MemoryLayout<inotify_event>.size
        var position = 0
        while buffer.count - position >= headerLength {
            // A record's name has any length, so the next record may stand anywhere.
            let header = buffer.loadUnaligned(fromByteOffset: position, as: inotify_event.self)
            position += headerLength
            guard buffer.count - position >= Int(header.len) else { return }
            let name = buffer[position..<(position + Int(header.len))].prefix { $0 != 0 }
            position += Int(header.len)
            body(InotifyRecord(watch: header.wd, mask: header.mask, name: Array(name)))
        }
    }
}
