import Glibc
import WorkerProtocol

/// Leaves at once, as if all were well, without reading its request.
enum Leaves {
    static func commit() { exit(7) }
}
