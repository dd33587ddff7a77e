import Glibc
import Rules
import SystemPackage
import TestSupport
import Testing

@testable import Intake

@Suite(.timeLimit(.minutes(5))) struct FolderWatchTests {
    @Test func `what comes into a folder is told, and what is removed there is not`() async throws {
        let folder = try TemporaryFolder()
        mkdir(folder("requests"), 0o700)
        try folder.write("requests/old", "")
        let watcher = try DropWatcher()
        let bell = Bell()
        let box = EventBox(rules: nil, isRecursive: false, bell: bell)
        let descriptor = try FileDescriptor.open(FilePath(folder("requests")), .readOnly)
        let answer = watcher.watch(descriptor, BeneathPath(), for: box, tellsRemovals: false)
        try descriptor.close()
        #expect(answer == .watching)
        unlink(folder("requests/old"))
        // The kernel tells of it behind the other, if it tells of that.
        try folder.write("requests/new", "")
        let new = BeneathPath([FileName(literal: "new")])
        var told: Set<BeneathPath> = []
        while !told.contains(new) {
            await bell.wait(
                atMost: nil, by: IntakeTime(ContinuousClock(), calendar: IntakeTime.systemCalendar))
            told.formUnion(box.take().files.keys)
        }
        #expect(told == [new])
        watcher.forget(box)
    }
}
