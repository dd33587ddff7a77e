import CLinux
import CSeccomp
import Confinement
import Glibc

/// Tries one forbidden act behind less than the whole wall, or starts a program for which the system lacks
/// Landlock, or forbids namespaces.
///
/// The exit status tells what became of it: 0 done, 10 refused with an error, 11 no wall could be
/// put up, 12 no such attempt.
enum Probe {
    static func run(arguments: [String]) -> Int32 {
        do {
            switch arguments.first {
            case "open-field": break
            case "landlock": guard try Landlock.enter() else { return 11 }
            case "without-landlock":
                // landlock_create_ruleset, landlock_add_rule, landlock_restrict_self
                return start(arguments.dropFirst(), calls: 444...446, answering: ENOSYS)
            case "without-namespaces":
                let unshare = seccomp_syscall_resolve_name("unshare")
                return start(arguments.dropFirst(), calls: unshare...unshare, answering: EPERM)
            default: return 12
            }
        } catch {
            return 11
        }
        guard arguments.count == 2, let act = ForbiddenAct.named(arguments[1]) else { return 12 }
        return act.commit() == .done ? 0 : 10
    }

    /// Runs a program to which some calls answer with an error, as they do on a system that lacks them.
    private static func start(
        _ line: ArraySlice<String>, calls: ClosedRange<Int32>, answering error: Int32
    ) -> Int32 {
        let allow: UInt32 = 0x7fff_0000
        let refuse: UInt32 = 0x0005_0000 | UInt32(error)
        guard let program = line.first, let filter = seccomp_init(allow) else { return 11 }
        for number in calls {
            guard seccomp_rule_add_array(filter, refuse, number, 0, nil) == 0 else { return 11 }
        }
        guard seccomp_load(filter) == 0 else { return 11 }
        execv(program, line.map { strdup($0) } + [nil])
        return 12
    }
}
