import Glibc

// A worker in every respect but its conduct, which the first argument chooses.
guard CommandLine.arguments.count > 1, let misdeed = Misdeed(rawValue: CommandLine.arguments[1])
else {
    exit(64)
}
Wall.log("at work")
misdeed.commit()
exit(0)
