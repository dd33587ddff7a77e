import Rules
import Yams

extension ConfigParser {
    /// Reads the list `inboxes`.
    mutating func readInboxes(_ node: Node) {
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
            if let path, let results = settings.results, let node = keys[.results] {
                checkApart(results, of: path, "\(what).results", node)
            }
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
        // That is the default too, and its word in the documents.
        if keys[.openWriterTimeout]?.scalar?.string != "off" {
            take(
                reader.duration(keys[.openWriterTimeout], name(.openWriterTimeout), in: interval),
                \.openWriterTimeout)
        }
        take(reader.duration(keys[.rescan], name(.rescan), in: interval), \.rescan)
        take(reader.duration(keys[.poll], name(.poll), in: interval), \.poll)
        take(reader.flag(keys[.recursive], name(.recursive)), \.isRecursive)
        takeWhatIsTaken(keys, what, &inbox)
        take(reader.size(keys[.pdfSizeLimit], name(.pdfSizeLimit), in: size), \.pdfSizeLimit)
        take(reader.size(keys[.tableSizeLimit], name(.tableSizeLimit), in: size), \.tableSizeLimit)
        take(
            reader.choice(keys[.originals], name(.originals), of: OriginalsPolicy.self), \.originals
        )
        inbox.results = results(keys[.results], name(.results))
        if let node = keys[.ignore] {
            for glob in reader.list(node, name(.ignore), limit: 1000) {
                if let text = reader.text(glob, name(.ignore)) { inbox.ignore.append(text) }
            }
        }
        if let node = keys[.thumbnail] {
            inbox.thumbnail = thumbnail(node, name(.thumbnail))
        }
        take(reader.flag(keys[.pages], name(.pages)), \.drawsPages)
        take(
            word(
                keys[.schema], name(.schema),
                among: ["auto", "infer"] + settings.schemas.map(\.name)
            ).map { SchemaChoice($0) }, \.schema)
        inbox.errorAllowance = ErrorAllowance(
            count: reader.number(keys[.maxErrors], name(.maxErrors), in: 0...1_000_000_000),
            millionths: reader.share(keys[.maxErrorRatio], name(.maxErrorRatio)))
        inbox.codes = codes(keys, what)
        take(
            word(
                keys[.fallbackEncoding], name(.fallbackEncoding),
                among: InboxSettings.fallbackEncodings), \.fallbackEncoding)
        inbox.sheet = sheet(keys[.sheet], name(.sheet))
        take(reader.choice(keys[.onDelete], name(.onDelete), of: RowsPolicy.self), \.rowsOnDeletion)
        inbox.retention = retention(keys, what)
        return inbox
    }

    /// Which tokens are drawn; a number of them alone, with nothing to draw, is looked at all the same.
    private mutating func codes(_ keys: [InboxKey: Node], _ what: String) -> CodeSettings? {
        let limit = reader.number(keys[.qrLimit], "\(what).qr_limit", in: CodeSettings.limitRange)
        switch reader.choice(keys[.qr], "\(what).qr", of: CodesPolicy.self) {
        case .png: return CodeSettings(limit: limit ?? CodeSettings.standardLimit)
        case .some(.none), nil: return nil
        }
    }

    /// What goes by itself after a while; `off`, which is the default too, keeps it.
    private mutating func retention(_ keys: [InboxKey: Node], _ what: String) -> RetentionSettings {
        var retention = RetentionSettings()
        func said(_ key: InboxKey) -> Node? {
            keys[key].flatMap { $0.scalar?.string == "off" ? nil : $0 }
        }
        let age = Duration.seconds(1) ... .seconds(36_500 * 86_400)
        retention.keep = reader.duration(said(.keep), "\(what).keep", in: age)
        retention.versions = reader.number(
            said(.keepVersions), "\(what).keep_versions", in: 0...1_000_000)
        retention.keepStatus = reader.duration(said(.keepStatus), "\(what).keep_status", in: age)
        return retention
    }

    /// What is taken, what is made of it, and how much of it there may be.
    private mutating func takeWhatIsTaken(
        _ keys: [InboxKey: Node], _ what: String, _ inbox: inout InboxSettings
    ) {
        if let node = keys[.kinds] {
            let families = words(node, "\(what).kinds", among: KindFamily.allCases.map(\.rawValue))
            inbox.families = Set(families.compactMap(KindFamily.init))
            if families.isEmpty, node.sequence?.isEmpty == true {
                reader.report(node, "\(what).kinds is empty: nothing would be taken")
            }
        }
        if let node = keys[.stages] {
            inbox.pdfStages = Set(
                words(node, "\(what).stages", among: InboxSettings.optionalStages.map(\.rawValue))
                    .compactMap(StageName.init))
        }
        if let node = keys[.limits] { inbox.limit = inboxLimit(node, "\(what).limits") }
    }

    private mutating func words(_ node: Node, _ what: String, among known: [String]) -> [String] {
        reader.list(node, what, limit: 100).compactMap { word($0, what, among: known) }
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

    private mutating func results(_ node: Node?, _ what: String) -> ResultsPlace? {
        guard let node, let text = reader.text(node, what) else { return nil }
        do throws(ResultsPlace.Mistake) {
            return try ResultsPlace(text)
        } catch {
            reader.report(node, "\(what) \(error.message)")
            return nil
        }
    }

    /// Each inbox of a pattern needs a place of its own for its results.
    private mutating func checkApart(
        _ results: ResultsPlace, of path: String, _ what: String, _ node: Node
    ) {
        guard let pattern = InboxPattern(path), !pattern.isExact else { return }
        let isLastFixed = pattern.steps.last?.name != nil
        if let mistake = results.mistake(forPatternWithFixedName: isLastFixed) {
            reader.report(node, "\(what) \(mistake.message)")
        }
    }

    /// Names of sheets are compared without white space at their ends: one that is nothing else is none.
    private mutating func sheet(_ node: Node?, _ what: String) -> String? {
        guard let node, let text = reader.text(node, what) else { return nil }
        guard text.contains(where: { !$0.isWhitespace }),
            text.utf8.count <= InboxSettings.sheetNameLimit
        else {
            reader.report(node, "\(what) must be the name of a sheet")
            return nil
        }
        return text
    }

    private mutating func word(_ node: Node?, _ what: String, among known: [String]) -> String? {
        guard let node, let text = reader.text(node, what) else { return nil }
        if known.contains(text) { return text }
        reader.report(node, reader.unknown("\(what) “\(text)”", text, known: known))
        return nil
    }

    private mutating func inboxPath(_ node: Node?, _ what: String) -> String? {
        guard let node, let path = path(node, what) else { return nil }
        guard InboxPattern(path) != nil else {
            reader.report(node, "\(what): \(InboxPlacement.patternRefusal)")
            return nil
        }
        if let mistake = InboxPattern.mistake(in: path) {
            reader.report(node, "\(what): \(mistake)")
            return nil
        }
        return path
    }
}
