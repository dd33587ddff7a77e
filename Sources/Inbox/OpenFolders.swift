import Glibc
import Rules
import SystemPackage

/// The folders that were worked in last, kept open: most of what is done in one goes on in the same.
///
/// What is done by a path in such a folder stays in that very folder, whatever its owner makes of the path
/// meanwhile, for as long as one piece of work in the inbox takes.
final class OpenFolders {
    private var latest: (path: BeneathPath, folder: FileDescriptor)?
    private var former: (path: BeneathPath, folder: FileDescriptor)?

    deinit { forget { _ in true } }

    /// The folder if it is open; it stays so until two others were worked in.
    func folder(_ path: BeneathPath) -> FileDescriptor? {
        if former?.path == path { swap(&latest, &former) }
        return latest?.path == path ? latest?.folder : nil
    }

    /// Takes an opened folder, to close it some time.
    func keep(_ folder: FileDescriptor, _ path: BeneathPath) {
        if let former { closeQuietly(former.folder) }
        former = latest
        latest = (path, folder)
    }

    /// Closes what a path led to, or led over: something else is there from now on.
    func forget(_ path: BeneathPath) { forget { $0.isAtOrBelow(path) } }

    private func forget(where isOver: (BeneathPath) -> Bool) {
        if let former, isOver(former.path) {
            closeQuietly(former.folder)
            self.former = nil
        }
        if let latest, isOver(latest.path) {
            closeQuietly(latest.folder)
            self.latest = nil
        }
    }
}
