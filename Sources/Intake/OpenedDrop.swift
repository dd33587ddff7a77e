import CLinux
import Glibc
import Inbox
import Rules
import Synchronization
import SystemPackage

/// A drop that is open for one claim, with the lease that keeps writers away while it is read.
///
/// Reading blocks: it belongs inside ``InboxRoot/run(at:_:)``. Closing gives the lease back.
public final class OpenedDrop: Sendable {
    public let path: BeneathPath
    public let kind: DropKind
    public let identity: DropIdentity
    public let proof: AdmissionProof
    /// Open for reading, for a clone of the whole; nobody but this value closes it.
    public let descriptor: FileDescriptor

    private let isClosed = Mutex(false)

    init(
        path: BeneathPath, kind: DropKind, identity: DropIdentity, proof: AdmissionProof,
        descriptor: FileDescriptor
    ) {
        self.path = path
        self.kind = kind
        self.identity = identity
        self.proof = proof
        self.descriptor = descriptor
    }

    deinit { close() }

    /// Reads on from where the last call ended; 0 at the end of the file.
    ///
    /// - Throws: ``IntakeError/writerReturned``, ``IntakeError/inaccessible(_:)``.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(IntakeError) -> Int {
        try confirmLease()
        while true {
            let count = Glibc.read(descriptor.rawValue, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw Self.readFailed(path) }
        }
    }

    /// Lets ``read(into:)`` begin at the start of the file again.
    public func rewind() throws(IntakeError) {
        guard lseek(descriptor.rawValue, 0, SEEK_SET) == 0 else { throw Self.readFailed(path) }
    }

    /// Makes sure that all that was read is what was looked at: same file, size and times, no
    /// writer.
    ///
    /// - Throws: ``IntakeError/changed``, ``IntakeError/writerReturned``,
    ///   ``IntakeError/inaccessible(_:)``.
    public func confirmUnchanged() throws(IntakeError) {
        try confirmLease()
        let entry: Entry
        do throws(InboxError) {
            entry = try Entry(of: descriptor, path: path)
        } catch {
            throw .inaccessible(error)
        }
        guard entry.identity == identity else { throw .changed }
    }

    /// Whether a writer has opened it since, and waits for the lease; false where only its rest was
    /// the proof.
    public var isWriterWaiting: Bool {
        proof == .lease && clinux_lease(descriptor.rawValue) != F_RDLCK
    }

    /// Gives lease and file back; a second call does nothing.
    public func close() {
        let wasClosed = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return isClosed
        }
        guard !wasClosed else { return }
        // A child that is being started has the file for a moment too, and would keep the lease.
        if proof == .lease { clinux_return_lease(descriptor.rawValue) }
        // Only read from: nothing can be lost by a failing close.
        _ = Glibc.close(descriptor.rawValue)
    }

    /// The first bytes of a file, as many as the daemon ever looks at.
    static func head(
        of descriptor: FileDescriptor, _ path: BeneathPath
    ) throws(IntakeError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: KindSniffer.headLength)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                pread(
                    descriptor.rawValue, $0.baseAddress?.advanced(by: filled), $0.count - filled,
                    off_t(filled))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw readFailed(path) }
            if count == 0 { break }
            filled += count
        }
        return Array(bytes.prefix(filled))
    }

    private func confirmLease() throws(IntakeError) {
        guard !isWriterWaiting else { throw .writerReturned }
    }

    private static func readFailed(_ path: BeneathPath) -> IntakeError {
        .inaccessible(.callFailed(call: "read", path: path, Errno(rawValue: errno)))
    }
}
