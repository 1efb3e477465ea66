// Part of MarketBus. Apache License 2.0, see LICENSE.

/// How a process ends, for the one who started it.
public struct ExitCode: Hashable, Sendable, CustomStringConvertible {
    /// The number that the parent process sees.
    public let code: Int32

    /// Makes an exit code.
    public init(_ code: Int32) {
        self.code = code
    }

    /// Asked to stop, and did.
    public static let success = ExitCode(0)
    /// The configuration or the command line is wrong: a restart does not help.
    public static let configuration = ExitCode(64)
    /// Something that the service needs was away too long: a restart may help.
    public static let dependency = ExitCode(69)
    /// A bug, or a stop that did not end in its time.
    public static let bug = ExitCode(70)
    /// The output can't be written: the disk is full, or who read it has left.
    public static let output = ExitCode(74)

    /// The number.
    public var description: String { String(code) }
}

/// An error that knows how the process should end when nobody can mend it.
public protocol ExitCodeProviding: Error {
    /// The exit code that fits.
    var exitCode: ExitCode { get }
}
