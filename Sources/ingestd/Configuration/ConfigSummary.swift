import Rules

/// What a configuration comes to, defaults included.
struct ConfigSummary {
    private let settings: DaemonSettings
    /// What is worth a word, though the file can be used.
    private let warnings: [String]

    init(_ settings: DaemonSettings, warnings: [String] = []) {
        self.settings = settings
        self.warnings = warnings
    }

    /// Limits of users and groups that the system does not know hold for nobody.
    static func warnings(
        about settings: DaemonSettings, isKnown: (String) -> Bool = WorkerUser.isKnown
    ) -> [String] {
        settings.limits.users.keys.sorted().filter { !isKnown($0) }.map {
            "limits.users: the system knows no user “\($0)”, so this limit holds for nobody"
        }
            + settings.limits.groups.filter { $0.value.gid == nil }.keys.sorted().map {
                "limits.groups: the system knows no group “\($0)”, so this limit holds for nobody"
            }
    }

    /// Tables for a person.
    var text: String {
        var inboxes = TextTable(
            "INBOX", "SETTLE", "POLL", "RESCAN", "OPEN WRITER", "IGNORE", "SCHEMA", "PDF UP TO",
            "TABLES UP TO", "PDF STAGES", "LIMIT")
        for inbox in settings.inboxes {
            inboxes.add(
                inbox.path, inbox.settings.settle.setting, inbox.settings.poll.setting,
                inbox.settings.rescan.setting,
                inbox.settings.openWriterTimeout?.setting ?? "off",
                inbox.settings.ignore.isEmpty ? "-" : inbox.settings.ignore.joined(separator: " "),
                inbox.settings.schema.setting,
                size(of: .pdf, inbox.settings), size(of: .table, inbox.settings),
                inbox.settings.stagesOfPDFs.map(\.rawValue).joined(separator: " "),
                inbox.settings.limit == .unlimited
                    ? "-" : "\(bytes(inbox.settings.limit)), \(files(inbox.settings.limit)) files")
        }
        var schemas = TextTable("SCHEMA", "TABLE", "KEY", "DUPLICATES", "COLUMNS")
        for schema in settings.schemas {
            schemas.add(
                schema.name, schema.table,
                schema.key.isEmpty ? "-" : schema.key.joined(separator: " "),
                schema.key.isEmpty ? "-" : schema.duplicates.rawValue,
                schema.columns.map(\.name).joined(separator: " "))
        }
        var ends = TextTable(
            "INBOX", "RESULTS", "ORIGINALS", "KEEP", "VERSIONS", "STATUS FILES", "ROWS ON DELETE")
        for inbox in settings.inboxes {
            let retention = inbox.settings.retention
            ends.add(
                inbox.path, inbox.settings.results?.text ?? "beside the drops",
                inbox.settings.originals.rawValue, retention.keep?.setting ?? "for ever",
                retention.versions.map(String.init) ?? "all",
                retention.keepStatus?.setting ?? "for ever",
                inbox.settings.rowsOnDeletion.rawValue)
        }
        var limits = TextTable("LIMIT", "BYTES", "FILES", "DERIVED")
        func add(_ name: String, _ limit: QuotaLimit) {
            let derived = limit.derivedBytes?.description ?? "unlimited"
            limits.add(name, bytes(limit), files(limit), derived)
        }
        add("default", settings.limits.standard)
        for (name, limit) in settings.limits.users.sorted(by: { $0.key < $1.key }) {
            add(name, limit)
        }
        for (name, group) in settings.limits.groups.sorted(by: { $0.key < $1.key }) {
            add("group \(name)", group.limit)
        }
        var stages = TextTable("STAGE", "SOFT", "HARD", "MEMORY", "OUTPUT", "PAGES")
        for (stage, allowance) in allowances {
            stages.add(
                stage.rawValue, allowance.soft.setting, allowance.hard.setting,
                allowance.memory.description, allowance.output.description,
                allowance.pages.map(String.init) ?? "-")
        }
        let workers = settings.workers
        var others = TextTable("SETTING", "VALUE")
        others.add("state", settings.stateDirectory)
        others.add("workers.count", workers.count.map(String.init) ?? "one for each processor")
        others.add("workers.program", workers.program ?? "the one installed with ingestd")
        others.add(
            "workers.user",
            workers.user ?? WorkerSettings.standardUsers.joined(separator: ", else "))
        others.add("workers.require_landlock", workers.requiresLandlock ? "true" : "false")
        others.add("stop_timeout", settings.stopTimeout.setting)
        others.add("trash", settings.trash.setting)
        others.add("log", "\(settings.log.format.rawValue), \(settings.log.level.rawValue)")
        let words = warnings.map { "warning: " + TerminalText.line($0) + "\n" }.joined()
        return (words.isEmpty ? "" : words + "\n")
            + [inboxes, ends, schemas, limits, stages, others].map { $0.text() }.joined(
                separator: "\n")
    }

    /// The same for a program.
    var json: JSONValue {
        .object([
            .init("ok", .bool(true)),
            .init("warnings", .array(warnings.map(JSONValue.string))),
            .init("state", .string(settings.stateDirectory)),
            .init("inboxes", .array(settings.inboxes.map(json))),
            .init("schemas", .array(settings.schemas.map(json))),
            .init("limits", limitsJSON),
            .init("workers", workersJSON),
            .init("stages", stagesJSON),
            .init("stop_timeout_seconds", .decimal(settings.stopTimeout.inSeconds)),
            .init("trash_seconds", .decimal(settings.trash.inSeconds)),
            .init("log_format", .string(settings.log.format.rawValue)),
            .init("log_level", .string(settings.log.level.rawValue)),
        ])
    }

    /// What is wrong, for a program.
    static func json(_ error: ConfigError) -> JSONValue {
        let problems = error.problems.map { problem in
            JSONValue.object([
                .init("line", .count(problem.line > 0 ? problem.line : nil)),
                .init("column", .count(problem.column > 0 ? problem.column : nil)),
                .init("message", .string(problem.message)),
            ])
        }
        return .object([
            .init("ok", .bool(false)), .init("file", .text(error.file)),
            .init("problems", .array(problems)),
        ])
    }

    private var allowances: [(StageName, StageAllowance)] {
        StageName.allCases.compactMap { stage in
            settings.workers.allowance(for: stage).map { (stage, $0) }
        }
    }

    private func json(_ inbox: NamedInbox) -> JSONValue {
        let settings = inbox.settings
        return .object([
            .init("path", .string(inbox.path)),
            .init("settle_seconds", .decimal(settings.settle.inSeconds)),
            .init("settle_without_proof_seconds", .decimal(settings.settleWithoutProof.inSeconds)),
            .init(
                "open_writer_timeout_seconds",
                settings.openWriterTimeout.map { .decimal($0.inSeconds) } ?? .null),
            .init("rescan_seconds", .decimal(settings.rescan.inSeconds)),
            .init("poll_seconds", .decimal(settings.poll.inSeconds)),
            .init("ignore", .array(settings.ignore.map(JSONValue.string))),
            .init("recursive", .bool(settings.isRecursive)),
            .init(
                "kinds",
                .array(
                    KindFamily.allCases.filter(settings.families.contains)
                        .map { .string($0.rawValue) })),
            .init("stages", .array(settings.stagesOfPDFs.map { .string($0.rawValue) })),
            .init(
                "limits",
                .object([
                    .init("bytes", settings.limit.bytes.map { .integer($0.bytes) } ?? .null),
                    .init("files", .count(settings.limit.files)),
                ])),
            .init("pdf_size_limit_bytes", .integer(settings.pdfSizeLimit.bytes)),
            .init("table_size_limit_bytes", .integer(settings.tableSizeLimit.bytes)),
            .init("thumbnail", json(settings.thumbnail)),
            .init("pages", .bool(settings.drawsPages)),
            .init("schema", .string(settings.schema.setting)),
            .init("max_errors", .count(settings.errorAllowance.count)),
            .init(
                "max_error_ratio",
                settings.errorAllowance.ratio.map { .rendered($0) } ?? .null),
            .init("qr", .string((settings.codes == nil ? CodesPolicy.none : .png).rawValue)),
            .init("qr_limit", .count(settings.codes?.limit)),
            .init("originals", .string(settings.originals.rawValue)),
            .init("results", .text(settings.results?.text)),
            .init("fallback_encoding", .string(settings.fallbackEncoding)),
            .init("sheet", .text(settings.sheet)),
            .init("on_delete", .string(settings.rowsOnDeletion.rawValue)),
            .init("keep_seconds", seconds(settings.retention.keep)),
            .init("keep_versions", .count(settings.retention.versions)),
            .init("keep_status_seconds", seconds(settings.retention.keepStatus)),
        ])
    }

    private func json(_ schema: TableSchema) -> JSONValue {
        .object([
            .init("name", .string(schema.name)), .init("table", .string(schema.table)),
            .init("key", .array(schema.key.map(JSONValue.string))),
            .init("duplicates", .string(schema.duplicates.rawValue)),
            .init("tokens", .bool(schema.hasTokens)),
            .init("columns", .array(schema.columns.map { .string($0.name) })),
        ])
    }

    private func seconds(_ duration: Duration?) -> JSONValue {
        duration.map { .decimal($0.inSeconds) } ?? .null
    }

    private func json(_ thumbnail: ThumbnailSettings) -> JSONValue {
        .object([
            .init("page", .count(thumbnail.page)), .init("width", .count(thumbnail.width)),
            .init("height", .count(thumbnail.height)), .init("quality", .count(thumbnail.quality)),
        ])
    }

    private var limitsJSON: JSONValue {
        let users = settings.limits.users.sorted { $0.key < $1.key }
        return .object([
            .init("default", json(settings.limits.standard)),
            .init("users", .object(users.map { .init($0.key, json($0.value)) })),
            .init(
                "groups",
                .object(
                    settings.limits.groups.sorted { $0.key < $1.key }
                        .map { .init($0.key, json($0.value.limit)) })),
        ])
    }

    private func json(_ limit: QuotaLimit) -> JSONValue {
        .object([
            .init("bytes", limit.bytes.map { .integer($0.bytes) } ?? .null),
            .init("files", .count(limit.files)),
            .init("derived", limit.derivedBytes.map { .integer($0.bytes) } ?? .null),
        ])
    }

    private var workersJSON: JSONValue {
        .object([
            .init("count", .count(settings.workers.count)),
            .init("program", .text(settings.workers.program)),
            .init("user", .text(settings.workers.user)),
            .init("require_landlock", .bool(settings.workers.requiresLandlock)),
        ])
    }

    private var stagesJSON: JSONValue {
        .object(
            allowances.map { stage, allowance in
                .init(
                    stage.rawValue,
                    .object([
                        .init("soft_seconds", .decimal(allowance.soft.inSeconds)),
                        .init("hard_seconds", .decimal(allowance.hard.inSeconds)),
                        .init("memory_bytes", .integer(allowance.memory.bytes)),
                        .init("output_bytes", .integer(allowance.output.bytes)),
                        .init("pages", .count(allowance.pages)),
                    ]))
            })
    }

    private func size(of family: KindFamily, _ inbox: InboxSettings) -> String {
        guard inbox.families.contains(family) else { return "not taken" }
        return (family == .pdf ? inbox.pdfSizeLimit : inbox.tableSizeLimit).description
    }

    private func bytes(_ limit: QuotaLimit) -> String { limit.bytes?.description ?? "unlimited" }
    private func files(_ limit: QuotaLimit) -> String {
        limit.files.map(String.init) ?? "unlimited"
    }
}

extension InboxSettings {
    /// The steps over a PDF that its operator may leave out, and has not.
    fileprivate var stagesOfPDFs: [StageName] { Self.optionalStages.filter(pdfStages.contains) }
}

extension SchemaChoice {
    /// As the config names it.
    fileprivate var setting: String {
        switch self {
        case .auto: "auto"
        case .infer: "infer"
        case .named(let name): name
        }
    }
}
