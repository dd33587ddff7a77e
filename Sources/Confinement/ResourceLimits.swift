import Glibc

/// The most that one worker may take of the machine.
public struct ResourceLimits: Sendable, Hashable {
    /// Bytes of address space, the program itself included.
    public var addressSpace: UInt64
    /// Seconds of processor time, over all the worker's requests.
    public var cpuSeconds: UInt64

    public init(addressSpace: UInt64, cpuSeconds: UInt64) {
        self.addressSpace = addressSpace
        self.cpuSeconds = cpuSeconds
    }

    /// Descriptors 0, 1, 2, and one for the Landlock ruleset while it is put in force.
    static let descriptorLimit: UInt64 = 4

    func apply() throws(ConfinementError) {
        let limits: [(name: String, resource: __rlimit_resource, value: UInt64)] = [
            ("address space", RLIMIT_AS, addressSpace),
            ("processor time", RLIMIT_CPU, cpuSeconds),
            ("descriptors", RLIMIT_NOFILE, Self.descriptorLimit),
            ("file size", RLIMIT_FSIZE, 0),
            ("processes", __RLIMIT_NPROC, 0),
            ("core dumps", RLIMIT_CORE, 0),
            ("locked memory", __RLIMIT_MEMLOCK, 0),
            ("message queues", __RLIMIT_MSGQUEUE, 0),
        ]
        for limit in limits {
            var value = rlimit(rlim_cur: UInt(limit.value), rlim_max: UInt(limit.value))
            try attempt("limit \(limit.name)") {
                setrlimit(Int32(limit.resource.rawValue), &value) == 0 ? 0 : -errno
            }
        }
    }
}
