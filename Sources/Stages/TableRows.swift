import CSV
import Rules
import WorkerProtocol

/// Judges records one by one and sends them on: as rows, or as rejects.
struct TableRows {
    /// The longest record that is carried to the daemon beside its row: with all its quotes doubled
    /// both fit into a frame.
    private static let carriedLimit = 1 << 20

    private static let exampleLimit = 3

    private let layout: TableLayout
    private let allowance: ErrorAllowance
    // What every record asks of the layout, without a walk through it.
    private let fieldCount: Int
    private let carriesRecords: Bool
    private let own: OwnFields
    /// Nil where records are taken as they come.
    private let targets: [TableLayout.Target]?
    private let packer = RowPacker()
    private var rejects: TableRejects
    private(set) var summary = TableSummary(totalRows: 0, errorCount: 0)

    /// The verdicts on the columns of the row at hand, and values that are kept in another form
    /// than they came in.
    private var verdicts: [ValueVerdict]
    private var scratch: [UInt8] = []
    /// What the columns of an inferred table have in common so far.
    private var tallies: [ColumnTally]
    /// Sentences about the first rejected rows.
    private var examples: [String] = []
    /// The record at hand as a reject would have it.
    private var line: [UInt8] = []

    init(layout: TableLayout, delimiter: UInt8, allowance: ErrorAllowance) {
        self.layout = layout
        self.allowance = allowance
        fieldCount = layout.heading.fieldCount
        carriesRecords = layout.heading.carriesRecords
        own = layout.own
        switch layout.plan {
        case .schema(let targets): self.targets = targets
        case .asItComes: targets = nil
        }
        tallies =
            layout.schema == nil
            ? Array(repeating: ColumnTally(), count: layout.heading.columns.count) : []
        verdicts = Array(repeating: .empty, count: layout.heading.columns.count)
        rejects = TableRejects(header: layout.header, own: layout.own, delimiter: delimiter)
    }

    /// To be called first.
    mutating func begin(send: (StageReply) throws -> Void) throws {
        try send(.tableBegun(layout.heading))
        if carriesRecords { try rejects.begin(send: send) }
    }

    /// Takes a record behind the header.
    mutating func take(_ record: CSVRecord, send: (StageReply) throws -> Void) throws {
        if targets != nil, own.areBlank(in: record) { return }
        summary.totalRows += 1
        if own.hasSurplus(record) {
            let names = layout.header.names.count
            let message = "has \(own.count(in: record)) fields where the header has \(names)"
            try reject(record, field: "", message: message, value: nil, send: send)
            return
        }
        if carriesRecords, length(of: record) > Self.carriedLimit {
            try reject(record, field: "", message: "is longer than 1 MiB", value: nil, send: send)
            return
        }
        if let targets {
            scratch.removeAll(keepingCapacity: true)
            for index in targets.indices {
                guard let fault = judge(record, targets[index], index) else { continue }
                try reject(
                    record, field: layout.heading.columns[index],
                    message: message(of: fault, index),
                    value: field(record, targets[index].place), send: send)
                return
            }
            appendJudged(record, targets)
        } else {
            appendAsItCame(record, width: fieldCount)
        }
        if packer.isFull { try flush(send: send) }
    }

    /// Sends what is held back; called once, behind the last record.
    mutating func finish(send: (StageReply) throws -> Void) throws {
        try allowance.check(
            errors: summary.errorCount, of: summary.totalRows, examples: examples)
        if packer.rowCount > 0 { try flush(send: send) }
        try rejects.end(send: send)
        summary.types = tallies.map(\.type)
    }

    // MARK: - Judging

    private func field(_ record: CSVRecord, _ place: Int?) -> UnsafeRawBufferPointer {
        guard let place, place < record.count else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return record[place]
    }

    /// Judges one column; nil where nothing is wrong.
    private mutating func judge(
        _ record: CSVRecord, _ target: TableLayout.Target, _ index: Int
    ) -> ValueFault? {
        let bytes = field(record, target.place)
        let verdict =
            switch target.judge {
            case .quick(let rule):
                rule.check(bytes, isRequired: target.isRequired, scratch: &scratch)
            case .check(let place):
                layout.checks[place].check(
                    bytes, isRequired: target.isRequired, scratch: &scratch)
            }
        if case .refused(let fault) = verdict { return fault }
        verdicts[index] = verdict
        return nil
    }

    private func message(of fault: ValueFault, _ index: Int) -> String {
        guard let schema = layout.schema else {
            preconditionFailure("only values of a schema's columns are judged")
        }
        return fault.message(of: schema.columns[index].rule)
    }

    private func length(of record: CSVRecord) -> Int {
        (0..<record.count).reduce(0) { $0 + record[$1].count }
    }

    // MARK: - Rows

    private mutating func appendJudged(_ record: CSVRecord, _ targets: [TableLayout.Target]) {
        packer.begin(row: record.number, fieldCount: fieldCount)
        for index in targets.indices {
            switch verdicts[index] {
            case .kept(let part):
                packer.append(
                    field: UnsafeRawBufferPointer(
                        rebasing: field(record, targets[index].place)[part]))
            case .rewritten(let part):
                scratch.withUnsafeBytes {
                    packer.append(field: UnsafeRawBufferPointer(rebasing: $0[part]))
                }
            case .empty, .refused:
                packer.appendNoValue()
            }
        }
        guard carriesRecords else { return }
        line.removeAll(keepingCapacity: true)
        rejects.put(record, into: &line)
        line.withUnsafeBytes { packer.append(field: $0) }
    }

    private mutating func appendAsItCame(_ record: CSVRecord, width: Int) {
        packer.begin(row: record.number, fieldCount: width)
        for index in 0..<width {
            if index < record.count {
                tallies[index].take(record[index])
                packer.append(field: record[index])
            } else {
                packer.appendNoValue()
            }
        }
    }

    private mutating func flush(send: (StageReply) throws -> Void) throws {
        try send(.rows(packer.take()))
    }

    /// - Parameter value: the field at fault; nil where the row as a whole is.
    private mutating func reject(
        _ record: CSVRecord, field: String, message: String, value: UnsafeRawBufferPointer?,
        send: (StageReply) throws -> Void
    ) throws {
        summary.errorCount += 1
        if examples.count < Self.exampleLimit {
            examples.append("Row \(record.number): \(field.isEmpty ? "it" : field) \(message)")
        }
        if allowance.isPassed(by: summary.errorCount) {
            try allowance.check(
                errors: summary.errorCount, of: summary.totalRows, examples: examples)
        }
        if summary.errorCount <= TableSummary.sampleLimit {
            let shown = value.map { String(decoding: $0, as: UTF8.self) } ?? ""
            try send(
                .rejected(
                    RowReject(
                        row: record.number, field: field, message: message,
                        value: String(shown.prefix(TableSummary.valueLimit)))))
        }
        try rejects.append(record, field: field, message: message, send: send)
    }
}
