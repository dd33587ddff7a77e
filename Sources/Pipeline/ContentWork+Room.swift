import Catalog
import Imports
import Rules
import Synchronization

// Room for what stages make.
extension ContentWork {
    /// How much may be made of the account's files; nil where that is not limited.
    var cap: ByteCount? { house.limit(of: account).derivedBytes }

    /// How much a stage may make at most; nil where the account is not limited.
    ///
    /// - Throws: ``CatalogError`` where that cannot be found out.
    func room(for stage: PlannedStage, of document: DocumentRecord) throws -> ByteCount? {
        guard let cap else { return nil }
        let left = try house.derivedRoom.left(of: account.uid, below: cap)
        return try left + house.catalog.replacedBlocking(by: stage, of: document)
    }

    /// Why a stage need not even begin; nil where it may.
    func noRoom(for stage: PlannedStage) throws -> Failure? {
        guard let cap, let room = try room(for: stage, of: document), room <= .zero else {
            return nil
        }
        return DerivedRoom.failure(of: stage.name, cap: cap)
    }

    /// What a stage comes to once it was looked whether there is room for what it made.
    ///
    /// The files of an import were admitted before its rows.
    func admitted(
        _ name: StageName, _ event: StageEvent, _ output: StageOutput?, _ state: inout State
    ) throws -> (StageEvent, StageOutput?) {
        guard let output, name != .tableImport, let cap,
            let plan = state.document.stage(name)?.plan
        else { return (event, output) }
        let bytes = output.artifacts.map(\.size).reduce(.zero, +)
        let isAdmitted = try house.derivedRoom.admit(
            bytes, replacing: try house.catalog.replacedBlocking(by: plan, of: state.document),
            of: account.uid, below: cap)
        guard isAdmitted else {
            return (failed(DerivedRoom.failure(of: name, cap: cap)), nil)
        }
        state.admitted[name] = (state.admitted[name] ?? .zero) + bytes
        return (event, output)
    }

    /// Gives back the room that was taken for what is being recorded; nil where there was none.
    func givingBack(what changes: [StageChange], _ state: State) -> (@Sendable () -> Void)? {
        let bytes = changes.compactMap { state.admitted[$0.stage] }.reduce(.zero, +)
        guard bytes > .zero else { return nil }
        return { [room = house.derivedRoom, uid = account.uid] in room.giveBack(bytes, of: uid) }
    }

    /// Counts what the rows of an import are about to take, beside its files.
    ///
    /// - Parameter files: is asked, once the rows are known, how large those may become that the import makes.
    func ledger(beside files: @escaping () -> ByteCount) -> ImportLedger {
        let (room, uid, cap) = (house.derivedRoom, account.uid, cap)
        return ImportLedger(
            admit: { [weak self] imports in
                let files = files()
                do throws(CatalogError) {
                    guard
                        try room.admitImports(
                            imports, beside: files, replacing: self?.replacedByImport() ?? .zero,
                            of: uid, below: cap)
                    else {
                        return cap.map { DerivedRoom.failure(of: .tableImport, cap: $0) }
                    }
                    if cap != nil { self?.note(admitted: files) }
                    return nil
                } catch {
                    return error.failure
                }
            },
            correct: { [catalog = house.catalog] imports in
                try catalog.setDerivedBlocking(.imports, of: uid, to: imports)
            })
    }

    /// How large those files are, of an earlier run, in whose place those of this one come.
    private func replacedByImport() throws(CatalogError) -> ByteCount {
        let document = self.document
        guard let plan = document.stage(.tableImport)?.plan else { return .zero }
        return try house.catalog.replacedBlocking(by: plan, of: document)
    }

    private func note(admitted bytes: ByteCount) {
        state.withLock { state in
            state.admitted[.tableImport] = (state.admitted[.tableImport] ?? .zero) + bytes
        }
    }
}
