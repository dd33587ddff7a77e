import CLinux
import Glibc

/// Gives up, for good, all that a process does not need which only reads what is open already.
///
/// Rule: docs/threat-model.md, "The worker".
public struct Confinement: Sendable {
    /// Who to become; nil to stay who one is, which root may not.
    public var identity: Identity?
    /// Whether a kernel without Landlock is refused.
    public var requiresLandlock: Bool

    public init(identity: Identity?, requiresLandlock: Bool = false) {
        self.identity = identity
        self.requiresLandlock = requiresLandlock
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

    /// A part that this system does not offer; the rest holds without it.
    public enum Reduction: String, Sendable, Hashable {
        case landlock = "landlock unavailable"
        case namespaces = "namespaces not allowed"
    }

    /// What became of the calling process.
    public enum Role: Sendable {
        /// It is confined, and may start children that give up the rest by the filter.
        case template(reductions: [Reduction], ChildFilter)
        /// It is confined, and its only child, the first process of a namespace of its own, is the template.
        case keeper(of: pid_t)
    }

    /// Closes all descriptors but 0, 1 and 2.
    public static func closeInheritedDescriptors() throws(ConfinementError) {
        try attempt("close inherited descriptors") { linux_close_from(3) }
    }

    /// Takes effect at once and cannot be undone. To be called with one thread, before any byte is
    /// read. Where processes may have a namespace of their own it returns in two of them.
    ///
    /// - Throws: ``ConfinementError``; the process must then end, for it is confined in part only.
    public func enter() throws(ConfinementError) -> Role {
        silenceSignals()
        var separation = try Namespaces.separate()
        try takeIdentity()
        if separation == .refused { separation = try Namespaces.separateAsOrdinaryUser() }
        try ResourceLimits.applyToTemplate()
        try attempt("clear ambient capabilities") { linux_clear_ambient_capabilities() }
        try attempt("drop capabilities") { linux_drop_capabilities() }
        try attempt("set no_new_privs") { linux_prctl(PR_SET_NO_NEW_PRIVS, 1) }
        // After the change of identity, which undoes both.
        try attempt("forbid dumps") { linux_prctl(PR_SET_DUMPABLE, 0) }
        try attempt("die with the parent") { linux_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL)) }
        let hasLandlock = try Landlock.enter()
        if !hasLandlock, requiresLandlock {
            throw ConfinementError(step: "enter Landlock, which is required", code: ENOSYS)
        }
        // Made before the filter that would not let it be made.
        let filter = try ChildFilter()
        var ownFilter = try SystemCallFilter(for: .template)
        try ownFilter.install()
        if separation == .done {
            let child = linux_fork()
            try attempt("start the template") { child }
            guard child == 0 else { return .keeper(of: child) }
            // A forked process has to ask for it anew.
            try attempt("die with the keeper") { linux_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL)) }
        }
        var reductions: [Reduction] = hasLandlock ? [] : [.landlock]
        if separation == .refused { reductions.append(.namespaces) }
        return .template(reductions: reductions, filter)
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

/// A second wall behind the filter of system calls, for those who may build it.
///
/// The mounts stay shared: a copy of them would keep file systems busy that the system lets go of.
enum Namespaces {
    enum Outcome {
        case done
        /// The filter alone then keeps sockets, System V objects and other processes away.
        case refused
    }

    private static let all: UInt =
        UInt(LINUX_NEW_NETWORK) | UInt(LINUX_NEW_IPC) | UInt(LINUX_NEW_HOST_NAME)
        | UInt(LINUX_NEW_PROCESSES)

    static func separate() throws(ConfinementError) -> Outcome { try attempt(all) }

    /// Builds it inside a namespace of users, in which nobody else has any right.
    static func separateAsOrdinaryUser() throws(ConfinementError) -> Outcome {
        try attempt(all | UInt(LINUX_NEW_USERS))
    }

    private static func attempt(_ kinds: UInt) throws(ConfinementError) -> Outcome {
        switch -linux_separate_namespaces(kinds) {
        case 0: return .done
        // No privilege, a kernel without them, or no more of them than there are.
        case EPERM, EACCES, ENOSYS, EINVAL, ENOSPC, EUSERS: return .refused
        case let code: throw ConfinementError(step: "separate namespaces", code: code)
        }
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
