import Confinement

/// The worker's arguments: never a path.
struct WorkerOptions {
    /// Who to become; nil without `--uid` and `--gid`.
    var identity: Confinement.Identity?
    /// Whether a kernel without Landlock is refused.
    var requiresLandlock = false
    /// Whether it only tries out its confinement, and tells on descriptor 1.
    var probes = false

    struct Refusal: Error {
        let reason: String
    }

    init(_ arguments: [String]) throws(Refusal) {
        var values: [String: UInt32] = [:]
        var rest = arguments[...]
        while let name = rest.popFirst() {
            switch name {
            case "--require-landlock": requiresLandlock = true
            case "--probe": probes = true
            case "--uid", "--gid":
                // The last number is what the kernel takes for no id at all.
                guard let text = rest.popFirst(), let value = UInt32(text), value < .max else {
                    throw Refusal(reason: "\(name) needs a number")
                }
                values[name] = value
            default: throw Refusal(reason: "no option \(name)")
            }
        }
        switch (values["--uid"], values["--gid"]) {
        case (nil, nil): identity = nil
        case (let uid?, let gid?): identity = Confinement.Identity(uid: uid, gid: gid)
        case (_, _): throw Refusal(reason: "--uid and --gid go together")
        }
    }
}
