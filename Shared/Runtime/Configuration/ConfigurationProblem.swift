// Part of MarketBus. Apache License 2.0, see LICENSE.

/// One thing that is wrong with the configuration or the command line.
public struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    /// Where it was found: `marketbus.yaml:12`, `environment MARKETBUS_HTTP__PORT`, `flag --set`, or empty.
    public let place: String
    /// The key or flag concerned, or empty.
    public let key: String
    /// What is wrong.
    public let what: String
    /// How to mend it.
    public let mend: String

    /// Makes a problem.
    public init(place: String, key: String, what: String, mend: String) {
        self.place = place
        self.key = key
        self.what = what
        self.mend = mend
    }

    /// All in one line: `place: key: what; mend`.
    public var description: String {
        [place, key, mend.isEmpty ? what : "\(what); \(mend)"].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}

/// Everything that is wrong, at once.
public struct ConfigurationProblems: Error, CustomStringConvertible, Sendable {
    /// The problems in the order in which they were found.
    public let all: [ConfigurationProblem]

    /// Makes the collection.
    public init(_ all: [ConfigurationProblem]) {
        self.all = all
    }

    /// One line a problem.
    public var description: String { all.map(\.description).joined(separator: "\n") }
}

/// Where a value comes from; later cases win over earlier ones.
public enum ConfigurationOrigin: Hashable, Sendable {
    /// The code.
    case standard
    /// A line of a YAML file.
    case file(path: String, line: Int)
    /// An environment variable.
    case environment(String)
    /// A flag of the command line.
    case flag(String)

    var place: String {
        switch self {
        case .standard: ""
        case .file(let path, let line): "\(path):\(line)"
        case .environment(let name): "environment \(name)"
        case .flag(let name): "flag \(name)"
        }
    }

    /// The word in the effective configuration's list.
    var word: String {
        switch self {
        case .standard: "default"
        case .file: "file"
        case .environment: "environment"
        case .flag: "flag"
        }
    }
}

/// One value as it was written, before anyone asked for its type.
struct ConfigurationEntry: Sendable {
    enum Content: Sendable {
        case text(String)
        case list([String])
    }

    var content: Content
    var origin: ConfigurationOrigin
}
