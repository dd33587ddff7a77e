// A daemon that dies where it is told to: the real one, but for a checkpoint that kills the process.
//
// usage: MortalDaemon INBOX STATE WORKER CHECKPOINT COUNT [rows=remove] [days=AHEAD]
// Dies by SIGKILL when CHECKPOINT is reached for the COUNT-th time; ends by itself when all is done.

import Pipeline

let arguments = CommandLine.arguments
guard arguments.count >= 6, let plan = MortalDaemon(arguments: Array(arguments.dropFirst())) else {
    print("usage: MortalDaemon INBOX STATE WORKER CHECKPOINT COUNT [rows=remove] [days=AHEAD]")
    print("checkpoints:", Checkpoint.allCases.map(\.rawValue).joined(separator: " "))
    MortalDaemon.leave(64)
}
await plan.run()
