import Glibc

/// The most that one child may take of the machine, beyond what every template is kept from.
public struct ResourceLimits: Sendable, Hashable {
    /// Bytes of address space, the program itself included.
    public var addressSpace: UInt64
    /// Seconds of processor time, over all the child's requests.
    public var cpuSeconds: UInt64

    public init(addressSpace: UInt64, cpuSeconds: UInt64) {
        self.addressSpace = addressSpace
        self.cpuSeconds = cpuSeconds
    }

    /// Descriptors 0, 1, 2, and one for the next blob until it takes the place of the first.
    static let descriptorLimit: UInt64 = 4
    /// Descriptors 0, 1, 2, the three of a child to come, its pidfd, and one to spare.
    static let templateDescriptorLimit: UInt64 = 8

    /// What a template gives up and its children inherit: a template reads no stranger's bytes, so time and memory
    /// are no matter there.
    static func applyToTemplate() throws(ConfinementError) {
        try set("descriptors", RLIMIT_NOFILE, templateDescriptorLimit)
        try set("file size", RLIMIT_FSIZE, 0)
        try set("core dumps", RLIMIT_CORE, 0)
        try set("locked memory", __RLIMIT_MEMLOCK, 0)
        try set("message queues", __RLIMIT_MSGQUEUE, 0)
    }

    /// Bounds a child, for good.
    func apply() throws(ConfinementError) {
        try Self.set("address space", RLIMIT_AS, addressSpace)
        try Self.set("processor time", RLIMIT_CPU, cpuSeconds)
        try Self.set("descriptors", RLIMIT_NOFILE, Self.descriptorLimit)
        try Self.set("processes", __RLIMIT_NPROC, 0)
    }

    private static func set(
        _ name: String, _ resource: __rlimit_resource, _ value: UInt64
    ) throws(ConfinementError) {
        var limit = rlimit(rlim_cur: UInt(value), rlim_max: UInt(value))
        try attempt("limit \(name)") {
            setrlimit(Int32(resource.rawValue), &limit) == 0 ? 0 : -errno
        }
    }
}
