import Rules
import Yams

/// Turns the nodes of a config file into settings; etc/ingestd.yaml documents every key.
struct ConfigParser {
    var settings = DaemonSettings(stateDirectory: "", schemas: BuiltInSchemas.all)
    var inboxPlaces: [ConfigPlace] = []
    var reader = ConfigReader()

    var problems: [ConfigProblem] { reader.problems }

    mutating func read(_ root: Node) {
        let keys = reader.section(root, "the file", keys: ConfigKey.self)
        if let state = path(keys[.state], "state") { settings.stateDirectory = state }
        // Inboxes name schemas.
        readSchemas(keys[.schemas])
        if let inboxes = keys[.inboxes] { readInboxes(inboxes) }
        if let limits = keys[.limits] { readLimits(limits) }
        if let workers = keys[.workers] { readWorkers(workers) }
        if let stages = keys[.stages] { readStages(stages) }
        if let log = keys[.log] { readLog(log) }
        let stop = reader.duration(
            keys[.stopTimeout], "stop_timeout", in: .seconds(1) ... .seconds(3600))
        settings.stopTimeout = stop ?? settings.stopTimeout
        let trash = reader.duration(
            keys[.trash], "trash", in: .zero ... .seconds(3650 * 86_400))
        settings.trash = trash ?? settings.trash
    }

    /// The config's own schemas go before those that come with ingestd, which they may be narrower
    /// than.
    private mutating func readSchemas(_ node: Node?) {
        guard let node else { return }
        var schemas = SchemaReader(reader, besides: BuiltInSchemas.all)
        schemas.read(node)
        reader = schemas.reader
        settings.schemas = schemas.schemas + BuiltInSchemas.all
    }

    private mutating func readWorkers(_ node: Node) {
        let keys = reader.section(node, "workers", keys: WorkersKey.self)
        if let count = keys[.count], count.scalar?.string != "auto" {
            settings.workers.count = reader.number(
                count, "workers.count", in: WorkerSettings.countRange)
        }
        settings.workers.program = path(keys[.program], "workers.program")
        settings.workers.user = reader.text(keys[.user], "workers.user")
        if let isRequired = reader.flag(keys[.requireLandlock], "workers.require_landlock") {
            settings.workers.requiresLandlock = isRequired
        }
    }

    private mutating func readStages(_ node: Node) {
        for (key, value) in reader.section(node, "stages", keys: StagesKey.self) {
            guard let stage = StageName(rawValue: key.rawValue),
                var allowance = StageAllowance.standard(for: stage)
            else { preconditionFailure("every key of stages names a stage that runs in a worker") }
            let what = "stages.\(key.rawValue)"
            let keys = reader.section(value, what, keys: StageKey.self)
            let deadlines = Duration.seconds(1) ... .seconds(86_400)
            if let soft = reader.duration(keys[.soft], "\(what).soft", in: deadlines) {
                allowance.soft = soft
            }
            if let hard = reader.duration(keys[.hard], "\(what).hard", in: deadlines) {
                allowance.hard = hard
            }
            if let memory = reader.size(
                keys[.memory], "\(what).memory",
                in: ByteCount.mebibytes(64)...ByteCount.mebibytes(1 << 20))
            {
                allowance.memory = memory
            }
            readBounds(keys, what, &allowance)
            if allowance.soft >= allowance.hard {
                reader.report(
                    value,
                    "\(what): soft (\(allowance.soft.setting)) must be shorter than hard "
                        + "(\(allowance.hard.setting)), so that the worker can keep what is done")
            }
            settings.workers.allowances[stage] = allowance
        }
    }

    /// What a stage may make, and of how many pages.
    private mutating func readBounds(
        _ keys: [StageKey: Node], _ what: String, _ allowance: inout StageAllowance
    ) {
        if let output = reader.size(
            keys[.output], "\(what).output",
            in: ByteCount.mebibytes(1)...ByteCount.mebibytes(1 << 20))
        {
            allowance.output = output
        }
        guard let node = keys[.pages] else { return }
        guard allowance.pages != nil else {
            return reader.report(
                node, "\(what) has no bound on pages: only info, text and pages have one")
        }
        if let pages = reader.number(node, "\(what).pages", in: StageAllowance.pagesRange) {
            allowance.pages = pages
        }
    }

    private mutating func readLog(_ node: Node) {
        let keys = reader.section(node, "log", keys: LogKey.self)
        let format = reader.choice(keys[.format], "log.format", of: LogSettings.Format.self)
        settings.log.format = format ?? settings.log.format
        let level = reader.choice(keys[.level], "log.level", of: Severity.self)
        settings.log.level = level ?? settings.log.level
    }

    /// An absolute path, its form made plain.
    mutating func path(_ node: Node?, _ what: String) -> String? {
        guard let node, let text = reader.text(node, what) else { return nil }
        guard let path = AbsolutePath.plain(text) else {
            let isAbsolute = text.hasPrefix("/") && !text.utf8.contains(0)
            reader.report(
                node,
                isAbsolute
                    ? "\(what) must be written without “..”, which may lead elsewhere behind a "
                        + "link, not “\(text)”"
                    : "\(what) must be an absolute path, not “\(text)”")
            return nil
        }
        return path
    }
}
