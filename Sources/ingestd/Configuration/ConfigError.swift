/// One thing wrong with the configuration, and where.
struct ConfigProblem: Hashable, Sendable, Comparable {
    /// Counted from one; zero where the problem has no place in the file.
    let line: Int
    /// Counted from one, in Unicode scalars; zero where the problem has no place in the file.
    let column: Int
    /// What is wrong and what to write instead, without a full stop.
    let message: String

    static func < (left: ConfigProblem, right: ConfigProblem) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// Why there is no configuration to run with: everything that must be mended, at once.
struct ConfigError: Error, Hashable, Sendable, CustomStringConvertible {
    /// As it was given on the command line; nil where there is no file.
    let file: String?
    /// In the order of the file; never empty.
    let problems: [ConfigProblem]

    init(file: String?, problems: [ConfigProblem]) {
        precondition(!problems.isEmpty, "an error says what is wrong")
        self.file = file
        self.problems = problems.sorted()
    }

    init(file: String?, _ message: String) {
        self.init(file: file, problems: [ConfigProblem(line: 0, column: 0, message: message)])
    }

    /// One line for each problem, as compilers write them: `FILE:LINE:COLUMN: MESSAGE`.
    var description: String {
        problems.map { problem in
            let place = problem.line > 0 ? "\(problem.line):\(problem.column): " : ""
            return (file.map { "\($0):" } ?? "") + (place.isEmpty && file != nil ? " " : "")
                + place + problem.message
        }.joined(separator: "\n")
    }
}
