// Part of MarketBus. Apache License 2.0, see LICENSE.

/// How much a log line matters.
public enum LogLevel: String, Sendable, CaseIterable, Comparable {
    /// For the engineer who looks for a fault.
    case debug
    /// What happened, once per happening; the level of normal service.
    case info
    /// Something that heals by itself but should be known.
    case warning
    /// Something that needs a person.
    case error

    private var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warning: 2
        case .error: 3
        }
    }

    /// Whether the left level matters less than the right one.
    public static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rank < right.rank
    }
}

/// One value of a log field.
///
/// A `Secret` has no way in.
public enum LogValue: Sendable, Equatable {
    /// Text; control characters are escaped, and what is longer than 1,024 bytes is cut.
    case string(String)
    /// A whole number.
    case int(Int64)
    /// A number for people, as of a rate or a share; never a price.
    case double(Double)
    /// True or false.
    case bool(Bool)

    /// Makes a value from any whole number; what does not fit is clamped.
    public init(_ number: some BinaryInteger) {
        self = .int(Int64(clamping: number))
    }

    /// Makes a value from text.
    public init(_ text: String) {
        self = .string(text)
    }
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral
{
    /// Makes a text value.
    public init(stringLiteral value: String) {
        self = .string(value)
    }

    /// Makes a whole number.
    public init(integerLiteral value: Int64) {
        self = .int(value)
    }

    /// Makes a truth value.
    public init(booleanLiteral value: Bool) {
        self = .bool(value)
    }

    /// Makes a number.
    public init(floatLiteral value: Double) {
        self = .double(value)
    }
}

/// Fields of a log line, in the order in which they are written.
public typealias LogFields = KeyValuePairs<String, LogValue>

/// Writes events as JSON lines: `ts`, `level`, `service`, `instance`, `event`, then the fields.
///
/// - Thread: any. Allocates: only when the line is written; a level that is off costs one comparison.
public struct Logger: Sendable {
    /// The lowest level that is written.
    public let level: LogLevel
    /// Where lines go.
    public let sink: LogSink
    private let identity: [UInt8]

    /// Makes a logger for one service and instance.
    public init(service: String, instance: String, level: LogLevel = .info, sink: LogSink = .standardError) {
        self.level = level
        self.sink = sink
        var text = JSONText()
        text.member("service", .string(service))
        text.member("instance", .string(instance))
        identity = text.bytes
    }

    /// Makes a logger that writes nothing, for tests and tools.
    public static let off = Logger(service: "", instance: "", level: .error, sink: LogSink(descriptor: -1))

    /// Writes a line for the engineer who looks for a fault.
    public func debug(_ event: String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.debug, event, fields())
    }

    /// Writes what happened.
    public func info(_ event: String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.info, event, fields())
    }

    /// Writes something that heals by itself but should be known.
    public func warning(_ event: String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.warning, event, fields())
    }

    /// Writes something that needs a person.
    public func error(_ event: String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.error, event, fields())
    }

    /// Writes a line at a level that is only known at run time.
    public func log(_ level: LogLevel, _ event: String, _ fields: @autoclosure () -> LogFields = [:]) {
        guard level >= self.level, sink.isOpen else { return }
        sink.write(level: level, identity: identity, event: event, fields: fields())
    }
}
