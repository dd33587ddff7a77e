import Glibc

// A worker in every respect but its conduct, which the first argument chooses.
guard CommandLine.arguments.count > 1, let misdeed = Misdeed(rawValue: CommandLine.arguments[1])
else {
    exit(64)
}
// Most misdeeds are those of a template's children; some are the template's own.
if let own = misdeed.ofTemplate { own() } else { OpenTemplate.serve { misdeed.commit() } }
exit(0)
