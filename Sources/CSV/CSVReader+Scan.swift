/// The walk over the text: from the cursor to the end of the record, or of what has come so far.
extension CSVReader {
    /// Reads on; true when the record is whole.
    mutating func scan() throws(CSVError) -> Bool {
        while cursor < end {
            switch mode {
            case .fieldStart:
                if byte(cursor) == Self.quote {
                    beginQuoted()
                } else {
                    fieldStart = cursor
                    mode = .unquoted
                }
            case .unquoted:
                if try scanUnquoted() { return true }
            case .quoted:
                scanQuoted()
            case .quoteInQuoted:
                if try judgeQuote() { return true }
            case .tail:
                if try scanTail() { return true }
            }
        }
        return false
    }

    @inline(__always)
    private func byte(_ offset: Int) -> UInt8 {
        storage.load(fromByteOffset: offset, as: UInt8.self)
    }

    private mutating func beginQuoted() {
        opening = cursor
        cursor += 1
        fieldStart = cursor
        write = cursor
        mode = .quoted
    }

    /// Takes unquoted fields until one is quoted, the record ends, or the text does.
    ///
    /// Each word is looked at once, however many fields end in it.
    private mutating func scanUnquoted() throws(CSVError) -> Bool {
        let base = UnsafeRawPointer(storage)
        let lf = WordScan.spread(UInt8(ascii: "\n"))
        let cr = WordScan.spread(UInt8(ascii: "\r"))
        let end = end
        var at = cursor
        var start = fieldStart
        while at < end {
            let word = WordScan.load(base, at)
            var mask =
                WordScan.matches(word, delimiterWord) | WordScan.matches(word, lf)
                | WordScan.matches(word, cr)
            while mask != 0 {
                let stop = at + WordScan.first(mask)
                // Bytes behind the text are left over from earlier text.
                guard stop < end else { break }
                mask &= mask - 1
                try addField(from: start, to: stop)
                start = stop + 1
                if base.load(fromByteOffset: stop, as: UInt8.self) != delimiter {
                    cursor = start
                    return true
                }
                if start >= end || base.load(fromByteOffset: start, as: UInt8.self) == Self.quote {
                    cursor = start
                    fieldStart = start
                    mode = .fieldStart
                    return false
                }
            }
            at += 8
        }
        cursor = end
        fieldStart = start
        return false
    }

    /// Goes on to the next quote, closing the gap that a doubled quote has left.
    private mutating func scanQuoted() {
        let base = UnsafeRawPointer(storage)
        let quotes = WordScan.spread(Self.quote)
        var stop = cursor
        while stop < end {
            let mask = WordScan.matches(WordScan.load(base, stop), quotes)
            if mask != 0 {
                stop += WordScan.first(mask)
                break
            }
            stop += 8
        }
        stop = min(stop, end)
        if write != cursor {
            (storage + write).copyMemory(from: storage + cursor, byteCount: stop - cursor)
        }
        write += stop - cursor
        cursor = stop
        if stop < end {
            cursor += 1
            mode = .quoteInQuoted
        }
    }

    /// Decides what a quote in a quoted field was; true when the record ended behind it.
    private mutating func judgeQuote() throws(CSVError) -> Bool {
        let next = byte(cursor)
        if next == Self.quote {
            storage.storeBytes(of: next, toByteOffset: write, as: UInt8.self)
            write += 1
            cursor += 1
            mode = .quoted
            return false
        }
        if next == delimiter || Self.endsLine(next) { return try endField(before: next) }
        tailCount += 1
        mode = .tail
        return false
    }

    private mutating func scanTail() throws(CSVError) -> Bool {
        while cursor < end {
            let next = byte(cursor)
            if next == delimiter || Self.endsLine(next) { return try endField(before: next) }
            storage.storeBytes(of: next, toByteOffset: write, as: UInt8.self)
            write += 1
            cursor += 1
        }
        return false
    }

    /// Ends a quoted field before `next`, which is stepped over; true when `next` ends the record
    /// too.
    private mutating func endField(before next: UInt8) throws(CSVError) -> Bool {
        try addField(from: fieldStart, to: write)
        cursor += 1
        mode = .fieldStart
        return next != delimiter
    }
}
