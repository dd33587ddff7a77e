import CLinux
import Glibc
import Inbox
import Rules
import SystemPackage

/// Opens a drop the way a claim needs it: proved whole, of a kind that is taken, and still the one
/// looked at.
public struct DropOpener: Sendable {
    private let sniffer: KindSniffer
    private let settings: InboxSettings

    public init(settings: InboxSettings, sniffer: KindSniffer = KindSniffer()) {
        self.settings = settings
        self.sniffer = sniffer
        // The kernel tells a lease's holder of a writer by SIGIO, which would end the process; we
        // ask instead.
        signal(SIGIO, SIG_IGN)
    }

    /// Opens what was settled, for one claim; blocks, so it belongs inside ``InboxRoot/run(at:_:)``.
    public func open(_ drop: SettledDrop, in files: InboxFiles) throws(IntakeError) -> OpenedDrop {
        try open(
            drop.path, expecting: drop.identity,
            allowingWriter: drop.proof == .openWriterTimeout, in: files)
    }

    /// Opens it for a moment, to see whether a claim could; blocks as ``open(_:in:)`` does.
    ///
    /// - Parameter removes: whether whoever looks is who would remove it.
    public func probe(
        _ path: BeneathPath, expecting identity: DropIdentity, in files: InboxFiles,
        removes: Bool = true
    ) -> Probe {
        if let name = path.name,
            let failure = sniffer.failure(ofName: name) ?? settings.refusal(ofName: name)
        {
            return .mismatch(failure)
        }
        do throws(IntakeError) {
            if removes, let obstacle = try obstacle(path, files) {
                let folder = try entry(path.parent, files)
                return .refused(
                    Refusal.notRemovable(
                        path, obstacle, in: folder, owner: files.owner.account))
            }
            let opened = try open(path, expecting: identity, in: files)
            defer { opened.close() }
            return .admitted(opened.kind, opened.proof)
        } catch {
            switch error {
            case .vanished, .changed: return .changed
            case .stillWritten, .writerReturned:
                return .stillWritten(kindThoughWritten(path, expecting: identity, in: files))
            case .refused(let failure):
                return failure.code == .typeMismatch || failure.code == .unsupportedType
                    ? .mismatch(failure) : .refused(failure)
            case .inaccessible(let error): return .troubled(error.failure)
            }
        }
    }

    /// What the drop would be taken as where the inbox does not wait for every writer's end.
    private func kindThoughWritten(
        _ path: BeneathPath, expecting identity: DropIdentity, in files: InboxFiles
    ) -> DropKind? {
        guard settings.openWriterTimeout != nil else { return nil }
        do throws(IntakeError) {
            let opened = try open(path, expecting: identity, allowingWriter: true, in: files)
            defer { opened.close() }
            return opened.kind
        } catch {
            // Whatever else is wrong with it is told when its writer has ended.
            return nil
        }
    }

    private func open(
        _ path: BeneathPath, expecting identity: DropIdentity, allowingWriter: Bool = false,
        in files: InboxFiles
    ) throws(IntakeError) -> OpenedDrop {
        let descriptor = try descriptor(path, files)
        do throws(IntakeError) {
            let entry = try look(descriptor, path)
            guard entry.kind == .file, entry.linkCount == 1, entry.identity == identity else {
                throw .changed
            }
            let proof = try takeLease(descriptor, path, allowingWriter: allowingWriter)
            let head = try OpenedDrop.head(of: descriptor, path)
            guard let name = path.name else { throw .vanished }
            let kind = try kind(of: name, head)
            let limit = settings.sizeLimit(for: kind)
            guard identity.size <= limit else {
                throw .refused(Refusal.tooLarge(identity.size, limit: limit))
            }
            // Before the lease anything may have happened; from here on it would be noticed.
            guard try look(descriptor, path).identity == identity else { throw .changed }
            return OpenedDrop(
                path: path, kind: kind, identity: identity, proof: proof, descriptor: descriptor)
        } catch {
            _ = Glibc.close(descriptor.rawValue)
            throw error
        }
    }

    private func descriptor(
        _ path: BeneathPath, _ files: InboxFiles
    ) throws(IntakeError) -> FileDescriptor {
        do throws(InboxError) {
            return try files.openForReading(path)
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory, .notDirectory: throw .vanished
            // Somebody holds a lease of their own, for writing.
            case .wouldBlock: throw .stillWritten
            case .permissionDenied, .notPermitted:
                let entry = try entry(path, files)
                throw .refused(
                    Refusal.unreadable(path, entry: entry, owner: files.owner))
            // What was a file is now a link, a socket or a device.
            case .tooManySymbolicLinkLevels, .improperLink, .noSuchAddressOrDevice: throw .changed
            default: throw .inaccessible(error)
            }
        }
    }

    private func takeLease(
        _ descriptor: FileDescriptor, _ path: BeneathPath, allowingWriter: Bool
    ) throws(IntakeError) -> AdmissionProof {
        let code = clinux_take_lease(descriptor.rawValue)
        switch -code {
        case 0: return .lease
        case EAGAIN where allowingWriter: return .openWriterTimeout
        case EAGAIN: throw .stillWritten
        // Not every file system has leases, and not every file is ours to lease.
        case EINVAL, EACCES, EPERM, ENOLCK, EOPNOTSUPP: return .settle
        default:
            throw .inaccessible(.callFailed(call: "lease", path: path, Errno(rawValue: -code)))
        }
    }

    private func kind(of name: FileName, _ head: [UInt8]) throws(IntakeError) -> DropKind {
        if let failure = settings.refusal(ofName: name) { throw .refused(failure) }
        do throws(Failure) {
            return try sniffer.kind(of: name, head: head)
        } catch {
            throw .refused(error)
        }
    }

    private func look(
        _ descriptor: FileDescriptor, _ path: BeneathPath
    ) throws(IntakeError) -> Entry {
        do throws(InboxError) {
            return try Entry(of: descriptor, path: path)
        } catch {
            throw .inaccessible(error)
        }
    }

    private func entry(_ path: BeneathPath, _ files: InboxFiles) throws(IntakeError) -> Entry? {
        do throws(InboxError) {
            return try files.entry(path)
        } catch {
            throw .inaccessible(error)
        }
    }

    private func obstacle(
        _ path: BeneathPath, _ files: InboxFiles
    ) throws(IntakeError) -> RemovalObstacle? {
        do throws(InboxError) {
            return try files.obstacleToRemoving(path)
        } catch {
            throw error.isAbsence ? .vanished : .inaccessible(error)
        }
    }
}
