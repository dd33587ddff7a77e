import CLinux
import Glibc

/// No file may be opened, made, removed, renamed or run, and no TCP port used.
///
/// Rule: landlock(7).
package enum Landlock {
    /// Puts the thread under a ruleset that allows nothing; false where the kernel has no Landlock.
    package static func enter() throws(ConfinementError) -> Bool {
        let abi = linux_landlock_abi()
        // Not built in, or not switched on at boot.
        if abi == -ENOSYS || abi == -EOPNOTSUPP { return false }
        guard abi > 0 else { throw ConfinementError(step: "ask for Landlock", code: -abi) }
        var (ruleset, size) = ruleset(abi: abi)
        let descriptor = linux_landlock_create(&ruleset, size)
        guard descriptor >= 0 else {
            throw ConfinementError(step: "make Landlock ruleset", code: -descriptor)
        }
        defer { close(descriptor) }
        try attempt("enter Landlock") { linux_landlock_restrict(descriptor) }
        return true
    }

    /// All that an ABI can take away, and how much of the struct it knows.
    package static func ruleset(abi: Int32) -> (linux_landlock_ruleset, size: Int) {
        // The rights of the first ABI are the low 13 bits; later ones added a bit each.
        var files: UInt64 = 1 << 13 - 1
        if abi >= 2 { files |= 1 << 13 }  // refer: link and rename across directories
        if abi >= 3 { files |= 1 << 14 }  // truncate
        if abi >= 5 { files |= 1 << 15 }  // ioctl on devices
        // Bind and connect over TCP.
        let network: UInt64 = abi >= 4 ? 0b11 : 0
        // Abstract UNIX sockets, and signals to processes outside.
        let scope: UInt64 = abi >= 6 ? 0b11 : 0
        let ruleset = linux_landlock_ruleset(
            handled_access_fs: files, handled_access_net: network, scoped: scope)
        return (ruleset, abi < 4 ? 8 : abi < 6 ? 16 : 24)
    }
}
