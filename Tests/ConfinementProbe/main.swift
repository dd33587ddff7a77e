import Glibc

exit(Probe.run(arguments: Array(CommandLine.arguments.dropFirst())))
