import Foundation
import Testing

/// A file system that answers nothing: whoever touches it waits.
final class HungMount {
    private let path: String
    private var device: Int32

    init(at path: String) throws {
        self.path = path
        // The kernel's side of a file system in user space, whose server never reads a request.
        device = open("/dev/fuse", O_RDWR | O_CLOEXEC)
        let options = "fd=\(device),rootmode=40000,user_id=0,group_id=0,allow_other"
        try #require(device >= 0 && mount("hung", path, "fuse", 0, options) == 0)
    }

    deinit {
        fail()
        unmount()
    }

    /// Lets all who wait, and all who come, fail.
    func fail() {
        if device >= 0 { close(device) }
        device = -1
    }

    func unmount() { umount2(path, Int32(MNT_DETACH)) }
}
