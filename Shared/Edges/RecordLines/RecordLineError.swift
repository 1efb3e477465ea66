// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc
import Lifecycle

/// Why lines of records can't be read or written.
public struct RecordLineError: ExitCodeProviding, CustomStringConvertible, Sendable {
    /// What a person wants to know.
    public let description: String
    /// What the program ends with: the files are the caller's choice, the output's room is not.
    public let exitCode: ExitCode

    /// The lines can't be read, for this reason.
    public init(reading description: String) {
        self.description = description
        exitCode = .configuration
    }

    init(writing number: Int32) {
        description = "the records can't be written: \(String(cString: strerror(number)))"
        exitCode = .output
    }
}
