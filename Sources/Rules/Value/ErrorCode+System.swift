extension ErrorCode {
    /// What the kernel's refusal means where the system lacks something that comes back by itself: room,
    /// a working disk, descriptors, memory. Nobody's document has spent an attempt on it.
    ///
    /// - Parameter errno: as Linux numbers it on all its platforms.
    /// - Returns: nil where the refusal says something about what was asked for.
    /// Rule: docs/design.md, "Retry".
    public static func ofSystem(errno: Int32) -> ErrorCode? {
        switch errno {
        // EFBIG, ENOSPC, EDQUOT
        case 27, 28, 122: .storeFull
        // EINTR, EIO, ENXIO, EAGAIN, ENOMEM, ENODEV, ENFILE, EMFILE, EROFS, ESTALE
        case 4, 5, 6, 11, 12, 19, 23, 24, 30, 116: .storeIO
        default: nil
        }
    }
}
