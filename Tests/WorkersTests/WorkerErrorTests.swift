import Glibc
import Rules
import SystemPackage
import Testing

@testable import Workers

@Suite struct WorkerErrorTests {
    @Test(arguments: [
        (WorkerEnd.exited(status: 0), false, ErrorCode.workerCrashed),
        (.exited(status: 64), true, .workerCrashed),
        (.signalled(SIGSEGV, cpu: .seconds(1)), false, .workerCrashed),
        (.signalled(SIGABRT, cpu: .seconds(1)), true, .memoryExceeded),
        (.signalled(SIGXCPU, cpu: .seconds(1)), false, .timeout),
        (.signalled(SIGKILL, cpu: .milliseconds(9999)), false, .memoryExceeded),
        (.signalled(SIGKILL, cpu: .seconds(10)), false, .timeout),
    ])
    func `an end nobody asked for has a code`(
        end: WorkerEnd, wasRefusedMemory: Bool, code: ErrorCode
    ) {
        let error = WorkerError(unaskedEnd: end, cpuSeconds: 10, wasRefusedMemory: wasRefusedMemory)
        #expect(error.failure.code == code)
    }

    @Test func `details are one line without a full stop`() {
        let errors: [WorkerError] = [
            .launchFailed(what: "start", .noMemory), .unfitToRun("why"), .cpuTimeSpent,
            .deadlinePassed(after: .seconds(120)), .memoryGone("why"), .ended(.exited(status: 1)),
            .ended(.signalled(SIGBUS, cpu: .zero)), .fellSilent, .lied("how"),
            .outputTooLarge(limit: .mebibytes(16)), .logTooLong(limit: .mebibytes(1)),
        ]
        for failure in errors.map(\.failure) {
            #expect(failure.detail.contains(": "))
            #expect(!failure.detail.contains("\n") && !failure.detail.hasSuffix("."))
            #expect(failure.message.hasSuffix("."))
        }
    }

    @Test(arguments: [
        (Int32(0x0700), WorkerEnd.exited(status: 7)), (11, .signalled(SIGSEGV, cpu: .zero)),
        // A core was dumped as well.
        (0x80 | 6, .signalled(SIGABRT, cpu: .zero)),
    ])
    func `a wait status is read as wait(2) has it`(status: Int32, end: WorkerEnd) {
        #expect(WorkerEnd(status: status, usage: rusage()) == end)
    }
}
