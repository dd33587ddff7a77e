import Logging
import Rules

/// Carries the rooms' journal to swift-log, and swift-log to standard error.
enum JournalLog {
    /// A logger that writes as the settings say.
    ///
    /// Parameter `journalStream` is the variable `JOURNAL_STREAM`, by which systemd says where standard error goes.
    static func logger(_ settings: LogSettings, journalStream: String?) -> Logger {
        let output = LineOutput()
        let isJournal = LineOutput.isJournal(journalStream)
        let format = LineFormat(
            format: settings.format, isJournal: isJournal, clock: LineFormat.systemClock)
        return Logger(label: "ingestd") { _ in
            LineLogHandler(output: output, format: format, logLevel: settings.level.loggerLevel)
        }
    }

    /// What rooms are given to speak to.
    static func journal(_ logger: Logger) -> Journal {
        { line in
            let level = line.event.severity.loggerLevel
            guard level >= logger.logLevel else { return }
            var metadata: Logger.Metadata = [:]
            for (name, value) in line.orderedFields { metadata[name] = .string(value) }
            logger.log(level: level, "\(line.event.rawValue)", metadata: metadata)
        }
    }
}

extension Severity {
    var loggerLevel: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}

/// Writes swift-log's events as lines of ours.
struct LineLogHandler: LogHandler {
    let output: LineOutput
    let format: LineFormat
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(output: LineOutput, format: LineFormat, logLevel: Logger.Level) {
        self.output = output
        self.format = format
        self.logLevel = logLevel
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        // Mostly a line has its own fields and no others.
        var fields = event.metadata ?? [:]
        if let provided = metadataProvider?.get() { fields.merge(provided) { own, _ in own } }
        if !metadata.isEmpty { fields.merge(metadata) { own, _ in own } }
        if let error = event.error { fields["detail"] = .string("\(error)") }
        let line = format.line(
            event.level, event.message.description, fields.mapValues(\.description))
        output.write(line) { count in
            format.line(
                .warning, JournalEvent.linesDropped.rawValue,
                [JournalField.count.rawValue: String(count)])
        }
    }
}
