// Part of MarketBus. Apache License 2.0, see LICENSE.

/// One flag of a command.
public struct CommandOption: Sendable {
    /// The flag with its dashes: `--venue`.
    public let name: String
    /// The word for its value in the help text, or nil for a switch.
    public let value: String?
    /// What it does.
    public let help: String
    /// Whether it may be given more than once.
    public let isRepeatable: Bool

    /// Describes a flag.
    public init(_ name: String, value: String? = nil, repeatable: Bool = false, help: String) {
        self.name = name
        self.value = value
        self.help = help
        isRepeatable = repeatable
    }

    /// The flags that every service has.
    public static let common: [CommandOption] = [
        CommandOption("--config", value: "FILE", help: "a YAML file of keys"),
        CommandOption("--set", value: "KEY=VALUE", repeatable: true, help: "set one key; wins over all else"),
        CommandOption("--check-config", help: "report every problem of the configuration and leave"),
        CommandOption("--version", help: "print the version and leave"),
        CommandOption("--help", help: "print this text and leave"),
    ]
}

/// What a command is and takes.
public struct CommandDescription: Sendable {
    /// The command as it is typed.
    public let name: String
    /// The version of the build.
    public let version: String
    /// One sentence.
    public let summary: String
    /// The word for operands in the usage line, or nil where none are taken.
    public let operands: String?
    /// All flags.
    public let options: [CommandOption]

    /// Describes a command; the common flags are added to its own.
    public init(
        name: String,
        version: String,
        summary: String,
        operands: String? = nil,
        options: [CommandOption] = []
    ) {
        self.name = name
        self.version = version
        self.summary = summary
        self.operands = operands
        self.options = options + CommandOption.common
    }

    /// The text of `--help`.
    public func helpText(keys: [ConfigurationReader.KnownKey] = []) -> String {
        var lines = ["usage: \(name) [flags]" + (operands.map { " " + $0 } ?? ""), "", summary, "", "flags:"]
        lines += Self.columns(options.map { ($0.name + ($0.value.map { " " + $0 } ?? ""), $0.help) })
        if !keys.isEmpty {
            lines += [
                "", "keys (YAML: nested; environment: MARKETBUS_HTTP__PORT for http.port; --set KEY=VALUE):",
            ]
            lines += Self.columns(
                keys.map { key in
                    let standard = key.standard.isEmpty ? "" : "(\(key.standard))"
                    return (key.key, [key.help, standard].filter { !$0.isEmpty }.joined(separator: " "))
                }
            )
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func columns(_ rows: [(String, String)]) -> [String] {
        let width = min(36, rows.map(\.0.count).max() ?? 0)
        return rows.map { left, right in
            let gap = String(repeating: " ", count: max(2, width + 2 - left.count))
            return right.isEmpty ? "  " + left : "  " + left + gap + right
        }
    }
}

/// A command line after parsing.
public struct CommandLineArguments: Sendable {
    /// What is not a flag, in order.
    public private(set) var operands: [String] = []
    private var given: [String: [String]] = [:]

    /// Parses the words after the command's name; `--flag value` and `--flag=value` are the same, `--` ends flags.
    ///
    /// - Throws: ``ConfigurationProblems`` with everything that is wrong.
    public init(_ words: some Sequence<String>, of command: CommandDescription) throws(ConfigurationProblems)
    {
        var problems: [ConfigurationProblem] = []
        var rest = Array(words)[...]
        while let word = rest.popFirst() {
            if word == "--" {
                operands += rest
                break
            }
            if word.hasPrefix("-"), word != "-" {
                take(word, &rest, command, &problems)
            } else {
                operands.append(word)
            }
        }
        if command.operands == nil, let extra = operands.first {
            let mend = "see \(command.name) --help"
            problems.append(
                ConfigurationProblem(place: "", key: "", what: "unexpected \"\(extra)\"", mend: mend)
            )
        }
        if !problems.isEmpty { throw ConfigurationProblems(problems) }
    }

    private mutating func take(
        _ word: String,
        _ rest: inout ArraySlice<String>,
        _ command: CommandDescription,
        _ problems: inout [ConfigurationProblem]
    ) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init
        )
        let name = parts[0] == "-h" ? "--help" : parts[0]
        func note(_ what: String, _ mend: String) {
            problems.append(ConfigurationProblem(place: "", key: name, what: what, mend: mend))
        }
        guard let option = command.options.first(where: { $0.name == name }) else {
            let near = NearestWord.find(name, among: command.options.map(\.name))
            return note("unknown flag", near.map { "did you mean \($0)?" } ?? "see \(command.name) --help")
        }
        var value = parts.count > 1 ? parts[1] : nil
        if option.value == nil, value != nil { return note("takes no value", "write \(name)") }
        if let placeholder = option.value, value == nil {
            guard let next = rest.popFirst() else {
                return note("needs a value", "write \(name) \(placeholder)")
            }
            value = next
        }
        if given[name] != nil, !option.isRepeatable { return note("is given twice", "keep one") }
        given[name, default: []].append(value ?? "")
    }

    /// Whether a switch was given.
    public func has(_ name: String) -> Bool { given[name] != nil }

    /// The value of a flag, or nil.
    public func value(_ name: String) -> String? { given[name]?.last }

    /// All values of a repeatable flag.
    public func values(_ name: String) -> [String] { given[name] ?? [] }

    /// The sources that this command line and an environment name: file, environment, `--set`.
    public func sources(environment: [String: String]) -> ConfigurationSources {
        var sources = ConfigurationSources()
        if let path = value("--config") { sources.addFile(path) }
        sources.addEnvironment(environment)
        for setting in values("--set") { sources.addSetting(setting, flag: "--set") }
        return sources
    }
}
