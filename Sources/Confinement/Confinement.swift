import CLinux
import Glibc

/// Gives up, for good, all that a process does not need which only reads descriptor 0 and speaks on
/// 1 and 2.
///
/// Rule: docs/threat-model.md, "The worker".
public struct Confinement: Sendable {
    /// Who to become; nil to stay who one is, which root may not.
    public var identity: Identity?
    public var limits: ResourceLimits

    public init(identity: Identity?, limits: ResourceLimits) {
        self.identity = identity
        self.limits = limits
    }

    /// An unprivileged user, all of whose groups are one.
    public struct Identity: Sendable, Hashable {
        public var uid: UInt32
        public var gid: UInt32

        public init(uid: UInt32, gid: UInt32) {
            self.uid = uid
            self.gid = gid
        }
    }

    /// A part that the kernel does not offer; the rest holds without it.
    public enum Reduction: String, Sendable, Hashable {
        case landlock = "landlock unavailable"
    }

    /// Takes effect at once and cannot be undone. To be called with one thread, before any byte is
    /// read.
    ///
    /// - Returns: what could not be had on this kernel.
    /// - Throws: ``ConfinementError``; the process must then end, for it is confined in part only.
    public func enter() throws(ConfinementError) -> [Reduction] {
        try closeInheritedDescriptors()
        silenceSignals()
        try separateNamespaces()
        try takeIdentity()
        try limits.apply()
        try attempt("clear ambient capabilities") { linux_clear_ambient_capabilities() }
        try attempt("drop capabilities") { linux_drop_capabilities() }
        try attempt("set no_new_privs") { linux_prctl(PR_SET_NO_NEW_PRIVS, 1) }
        // After the change of identity, which undoes both.
        try attempt("forbid dumps") { linux_prctl(PR_SET_DUMPABLE, 0) }
        try attempt("die with the parent") { linux_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL)) }
        let reductions: [Reduction] = try Landlock.enter() ? [] : [.landlock]
        try SystemCallFilter.enter()
        return reductions
    }

    private func closeInheritedDescriptors() throws(ConfinementError) {
        try attempt("close inherited descriptors") { linux_close_from(3) }
    }

    /// A crash ends the process at once: the language's own crash handler would start a program.
    private func silenceSignals() {
        // These numbers are valid and may be caught, so signal(2) has no reason to fail.
        for number in [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT, SIGQUIT] {
            _ = signal(number, SIG_DFL)
        }
        // Both then show as an error of the write that caused them.
        for number in [SIGPIPE, SIGXFSZ] { _ = signal(number, SIG_IGN) }
    }

    /// A second wall behind the filter of system calls, for those who may build it.
    private func separateNamespaces() throws(ConfinementError) {
        let code = linux_separate_namespaces()
        // Without privilege this is refused; the filter alone then keeps sockets and System V
        // objects away.
        guard code == 0 || code == -EPERM || code == -ENOSYS || code == -ENOSPC else {
            throw ConfinementError(step: "separate namespaces", code: -code)
        }
    }

    private func takeIdentity() throws(ConfinementError) {
        guard let identity else {
            guard geteuid() != 0 else {
                throw ConfinementError(
                    step: "stay root: an unprivileged uid is needed", code: EPERM)
            }
            return
        }
        guard identity.uid != 0, identity.gid != 0 else {
            throw ConfinementError(step: "take identity: 0 is not unprivileged", code: EINVAL)
        }
        try attempt("drop groups") { setgroups(0, nil) == 0 ? 0 : -errno }
        try attempt("take group") { linux_set_group(identity.gid) }
        try attempt("take user") { linux_set_user(identity.uid) }
    }
}

/// Why a process could not be confined.
public struct ConfinementError: Error, Sendable, Hashable, CustomStringConvertible {
    public let step: String
    /// An errno.
    public let code: Int32

    public var description: String { "\(step): errno \(code)" }
}

/// Runs one call that answers with 0 or more, or with -errno.
func attempt(_ step: String, _ call: () -> Int32) throws(ConfinementError) {
    let code = call()
    guard code >= 0 else { throw ConfinementError(step: step, code: -code) }
}
