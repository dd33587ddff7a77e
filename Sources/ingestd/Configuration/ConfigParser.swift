import Rules
import Yams

/// Turns the nodes of a config file into settings; etc/ingestd.yaml documents every key.
struct ConfigParser {
    private(set) var settings = DaemonSettings(stateDirectory: "")
    private(set) var inboxPlaces: [ConfigPlace] = []
    private var reader = ConfigReader()

    var problems: [ConfigProblem] { reader.problems }

    mutating func read(_ root: Node) {
        let keys = reader.section(root, "the file", keys: ConfigKey.self)
        if let state = path(keys[.state], "state") { settings.stateDirectory = state }
        if let inboxes = keys[.inboxes] { readInboxes(inboxes) }
        if let limits = keys[.limits] { readLimits(limits) }
        if let workers = keys[.workers] { readWorkers(workers) }
        if let stages = keys[.stages] { readStages(stages) }
        if let log = keys[.log] { readLog(log) }
        let stop = reader.duration(
            keys[.stopTimeout], "stop_timeout", in: .seconds(1) ... .seconds(3600))
        settings.stopTimeout = stop ?? settings.stopTimeout
    }

    private mutating func readLimits(_ node: Node) {
        let keys = reader.section(node, "limits", keys: LimitsKey.self)
        if let standard = keys[.standard] {
            settings.limits.standard = limit(
                standard, "limits.default", over: settings.limits.standard)
        }
        guard let users = keys[.users],
            let entries = reader.entries(users, "limits.users")
        else { return }
        guard entries.count <= 100_000 else {
            reader.report(users, "limits.users has more than 100000 entries")
            return
        }
        for (name, _, value) in entries {
            settings.limits.users[name] = limit(
                value, "limits.users.\(name)", over: settings.limits.standard)
        }
    }

    /// A limit; what it leaves unsaid is as in `base`.
    private mutating func limit(_ node: Node, _ what: String, over base: QuotaLimit) -> QuotaLimit {
        var limit = base
        let keys = reader.section(node, what, keys: LimitKey.self)
        if let bytes = keys[.bytes] {
            if bytes.scalar?.string == "unlimited" {
                limit.bytes = nil
            } else if let size = reader.size(
                bytes, "\(what).bytes", in: ByteCount.zero...ByteCount(Int64.max))
            {
                limit.bytes = size
            }
        }
        if let files = keys[.files] {
            if files.scalar?.string == "unlimited" {
                limit.files = nil
            } else if let count = reader.number(files, "\(what).files", in: 0...1_000_000_000) {
                limit.files = count
            }
        }
        return limit
    }

    private mutating func readWorkers(_ node: Node) {
        let keys = reader.section(node, "workers", keys: WorkersKey.self)
        if let count = keys[.count], count.scalar?.string != "auto" {
            settings.workers.count = reader.number(
                count, "workers.count", in: WorkerSettings.countRange)
        }
        settings.workers.program = path(keys[.program], "workers.program")
        settings.workers.user = reader.text(keys[.user], "workers.user")
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
            if allowance.soft >= allowance.hard {
                reader.report(
                    value,
                    "\(what): soft (\(allowance.soft.setting)) must be shorter than hard "
                        + "(\(allowance.hard.setting)), so that the worker can keep what is done")
            }
            settings.workers.allowances[stage] = allowance
        }
    }

    private mutating func readLog(_ node: Node) {
        let keys = reader.section(node, "log", keys: LogKey.self)
        let format = reader.choice(keys[.format], "log.format", of: LogSettings.Format.self)
        settings.log.format = format ?? settings.log.format
        let level = reader.choice(keys[.level], "log.level", of: Severity.self)
        settings.log.level = level ?? settings.log.level
    }
}

// MARK: - Inboxes

extension ConfigParser {
    private mutating func readInboxes(_ node: Node) {
        let items = reader.list(node, "inboxes", limit: DaemonSettings.inboxLimit)
        for (index, item) in items.enumerated() {
            // A bare path is an inbox with the defaults.
            if item.scalar != nil {
                if let path = inboxPath(item, "inboxes") { add(path, InboxSettings(), at: item) }
                continue
            }
            let what = "inboxes[\(index)]"
            let keys = reader.section(item, what, keys: InboxKey.self)
            if keys[.path] == nil, item.mapping != nil {
                reader.report(item, "\(what) has no path")
            }
            let path = inboxPath(keys[.path], "\(what).path")
            let settings = inboxSettings(keys, what)
            if let path { add(path, settings, at: keys[.path] ?? item) }
        }
    }

    private mutating func add(_ path: String, _ inbox: InboxSettings, at node: Node) {
        settings.inboxes.append(NamedInbox(path: path, settings: inbox))
        inboxPlaces.append(
            ConfigPlace(line: node.mark?.line ?? 0, column: node.mark?.column ?? 0))
    }

    private mutating func inboxSettings(_ keys: [InboxKey: Node], _ what: String) -> InboxSettings {
        var inbox = InboxSettings()
        func name(_ key: InboxKey) -> String { "\(what).\(key.rawValue)" }
        let wait = Duration.zero ... .seconds(3600)
        let interval = Duration.seconds(1) ... .seconds(86_400)
        let size = ByteCount(1)...ByteCount.megabytes(1_000_000)
        func take<Value>(_ value: Value?, _ path: WritableKeyPath<InboxSettings, Value>) {
            if let value { inbox[keyPath: path] = value }
        }
        take(reader.duration(keys[.settle], name(.settle), in: wait), \.settle)
        take(
            reader.duration(keys[.settleWithoutProof], name(.settleWithoutProof), in: wait),
            \.settleWithoutProof)
        take(reader.duration(keys[.rescan], name(.rescan), in: interval), \.rescan)
        take(reader.duration(keys[.poll], name(.poll), in: interval), \.poll)
        take(reader.flag(keys[.recursive], name(.recursive)), \.isRecursive)
        take(reader.size(keys[.pdfSizeLimit], name(.pdfSizeLimit), in: size), \.pdfSizeLimit)
        take(reader.size(keys[.tableSizeLimit], name(.tableSizeLimit), in: size), \.tableSizeLimit)
        take(
            reader.choice(keys[.originals], name(.originals), of: OriginalsPolicy.self), \.originals
        )
        if let node = keys[.ignore] {
            for glob in reader.list(node, name(.ignore), limit: 1000) {
                if let text = reader.text(glob, name(.ignore)) { inbox.ignore.append(text) }
            }
        }
        if let node = keys[.thumbnail] {
            inbox.thumbnail = thumbnail(node, name(.thumbnail))
        }
        take(
            word(
                keys[.schema], name(.schema),
                among: ["auto", "infer"] + settings.schemas.map(\.name)
            ).map { SchemaChoice($0) }, \.schema)
        take(
            word(
                keys[.fallbackEncoding], name(.fallbackEncoding),
                among: InboxSettings.fallbackEncodings), \.fallbackEncoding)
        return inbox
    }

    private mutating func thumbnail(_ node: Node, _ what: String) -> ThumbnailSettings {
        var thumbnail = ThumbnailSettings()
        let keys = reader.section(node, what, keys: ThumbnailKey.self)
        let page = reader.number(keys[.page], "\(what).page", in: 1...20_000)
        let width = reader.number(keys[.width], "\(what).width", in: 16...4096)
        let height = reader.number(keys[.height], "\(what).height", in: 16...4096)
        let quality = reader.number(keys[.quality], "\(what).quality", in: 1...100)
        thumbnail.page = page ?? thumbnail.page
        thumbnail.width = width ?? thumbnail.width
        thumbnail.height = height ?? thumbnail.height
        thumbnail.quality = quality ?? thumbnail.quality
        return thumbnail
    }

    private mutating func word(_ node: Node?, _ what: String, among known: [String]) -> String? {
        guard let node, let text = reader.text(node, what) else { return nil }
        if known.contains(text) { return text }
        reader.report(node, reader.unknown("\(what) “\(text)”", text, known: known))
        return nil
    }

    private mutating func inboxPath(_ node: Node?, _ what: String) -> String? {
        guard let node, let path = path(node, what) else { return nil }
        guard !InboxPlacement.isPattern(path) else {
            reader.report(node, "\(what): \(InboxPlacement.patternRefusal)")
            return nil
        }
        return path
    }

    /// An absolute path, its form made plain.
    private mutating func path(_ node: Node?, _ what: String) -> String? {
        guard let node, let text = reader.text(node, what) else { return nil }
        guard let path = AbsolutePath.plain(text) else {
            reader.report(node, "\(what) must be an absolute path, not “\(text)”")
            return nil
        }
        return path
    }
}
