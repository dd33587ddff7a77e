import Glibc

exit(IngestWorker.run(arguments: Array(CommandLine.arguments.dropFirst())))
