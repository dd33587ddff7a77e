import Confinement

/// The worker's arguments: numbers only, never a path.
struct WorkerOptions {
    /// Who to become; nil without `--uid` and `--gid`.
    var identity: Confinement.Identity?
    /// Bytes that a document may make the worker allocate.
    var memory: UInt64 = 512_000_000
    /// Processor time over all requests.
    var cpuSeconds: UInt64 = 600
    /// Seconds after which a stage ends by itself and keeps what it has.
    var softSeconds: UInt64 = 60

    struct Refusal: Error {
        let reason: String
    }

    init(_ arguments: [String]) throws(Refusal) {
        var values: [String: UInt64] = [:]
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard ["--uid", "--gid", "--memory", "--cpu-seconds", "--soft-seconds"].contains(name)
            else { throw Refusal(reason: "no option \(name)") }
            // A terabyte or 30,000 years, whichever comes first: sums of these cannot overflow.
            guard let text = rest.popFirst(), let value = UInt64(text), value <= 1 << 40 else {
                throw Refusal(reason: "\(name) needs a number")
            }
            values[name] = value
        }
        switch (values["--uid"], values["--gid"]) {
        case (nil, nil): identity = nil
        case (let uid?, let gid?) where uid < UInt32.max && gid < UInt32.max:
            identity = Confinement.Identity(uid: UInt32(uid), gid: UInt32(gid))
        case (_, _): throw Refusal(reason: "--uid and --gid go together")
        }
        memory = values["--memory"] ?? memory
        cpuSeconds = values["--cpu-seconds"] ?? cpuSeconds
        softSeconds = values["--soft-seconds"] ?? softSeconds
    }
}
