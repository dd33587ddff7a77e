import Glibc
import Rules
import Testing

/// The numbers are written out in `Rules`, which imports nothing; here they meet their names.
@Suite struct ErrorCodeTests {
    @Test(arguments: [ENOSPC, EDQUOT, EFBIG])
    func `a want of room is a full store`(errno: Int32) {
        #expect(ErrorCode.ofSystem(errno: errno) == .storeFull)
    }

    @Test(arguments: [
        EINTR, EIO, ENXIO, EAGAIN, ENOMEM, ENODEV, ENFILE, EMFILE, EROFS, ESTALE,
    ])
    func `a want of anything else spends no attempt`(errno: Int32) {
        #expect(ErrorCode.ofSystem(errno: errno) == .storeIO)
        #expect(ErrorCode.ofSystem(errno: errno)?.remedy == .whenStoreRecovers)
    }

    @Test(arguments: [ENOENT, EACCES, EPERM, EEXIST, ELOOP, ENAMETOOLONG, EINVAL, ENOTDIR])
    func `what is said of the thing itself is no want of the system's`(errno: Int32) {
        #expect(ErrorCode.ofSystem(errno: errno) == nil)
    }
}
