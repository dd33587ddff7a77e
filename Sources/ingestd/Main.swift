import ArgumentParser

/// Where the program begins.
@main
enum Main {
    /// Runs the command that the arguments name, on threads of our own, and exits as it says.
    static func main() {
        do {
            var command = try Ingestd.parseAsRoot()
            // Handed over once, and not looked at here again.
            nonisolated(unsafe) let waiting = command as? any AsyncParsableCommand
            guard waiting != nil else {
                try command.run()
                return
            }
            try TaskThreads.run {
                var command = waiting
                try await command?.run()
            }
        } catch {
            Ingestd.exit(withError: error)
        }
    }
}
