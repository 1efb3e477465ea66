// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// The environment of this process.
public enum ProcessEnvironment {
    /// All variables by name.
    public static var current: [String: String] {
        var result: [String: String] = [:]
        var index = 0
        while let entry = md_environment_at(index) {
            index += 1
            let text = String(cString: entry)
            guard let equals = text.firstIndex(of: "=") else { continue }
            result[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        return result
    }
}

/// The three written sources laid over each other: a YAML file, the environment, flags; the last wins.
public struct ConfigurationSources: Sendable {
    /// Variables with our prefix that are not configuration: switches of the build and the tests.
    public static let foreignVariables: Set<String> = [
        "MARKETBUS_STRICT", "MARKETBUS_RECORDED_DATA", "MARKETBUS_BIN", "MARKETBUS_FUZZ",
    ]

    private static let prefix = "MARKETBUS_"
    private static let foreignPrefixes = ["MARKETBUS_TEST_", "MARKETBUS_BENCH_"]
    /// Variables of other systems that set a key of ours.
    private static let adopted = ["KAFKA_BOOTSTRAP_SERVERS": "kafka.bootstrap_servers"]

    private(set) var entries: [String: ConfigurationEntry] = [:]
    private(set) var problems: [ConfigurationProblem] = []

    /// Makes empty sources: every key has its default.
    public init() {}

    /// Lays a YAML file over what is there.
    ///
    /// A file that can't be read is a problem.
    public mutating func addFile(_ path: String) {
        switch FileContents.read(path, limit: 1 << 20) {
        case .success(let bytes): addYAML(bytes, path: path)
        case .failure(let problem):
            let mend = "name a readable file, or leave --config out"
            problems.append(ConfigurationProblem(place: path, key: "", what: problem.text, mend: mend))
        }
    }

    /// Lays the text of a YAML file over what is there; the path is for messages.
    public mutating func addYAML(_ bytes: [UInt8], path: String) {
        var flattener = YAMLFlattener(path: path)
        flattener.read(bytes)
        entries.merge(flattener.entries) { _, new in new }
        problems += flattener.problems
    }

    /// Lays the environment over what is there: `MARKETBUS_HTTP__PORT` is `http.port`.
    public mutating func addEnvironment(_ environment: [String: String]) {
        for (variable, key) in Self.adopted {
            guard let value = environment[variable], !value.isEmpty else { continue }
            entries[key] = ConfigurationEntry(content: .text(value), origin: .environment(variable))
        }
        for (variable, value) in environment.sorted(by: { $0.key < $1.key }) {
            guard let key = Self.key(of: variable) else { continue }
            entries[key] = ConfigurationEntry(content: .text(value), origin: .environment(variable))
        }
    }

    /// Lays one `key=value` of a flag over what is there.
    public mutating func addSetting(_ text: String, flag: String) {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            let problem = "\"\(text)\" is not key=value"
            problems.append(
                ConfigurationProblem(
                    place: "flag \(flag)",
                    key: "",
                    what: problem,
                    mend: "as in --set http.port=9101"
                )
            )
            return
        }
        add(String(text[..<equals]), String(text[text.index(after: equals)...]), flag: flag)
    }

    /// Lays one value of a flag over what is there.
    public mutating func add(_ key: String, _ value: String, flag: String) {
        entries[key] = ConfigurationEntry(content: .text(value), origin: .flag(flag))
    }

    /// The variable that sets a key, for messages and documents.
    public static func variable(for key: String) -> String {
        prefix
            + key.uppercased().split(separator: ".", omittingEmptySubsequences: false).joined(separator: "__")
    }

    private static func key(of variable: String) -> String? {
        guard variable.hasPrefix(prefix), !foreignVariables.contains(variable),
            !foreignPrefixes.contains(where: variable.hasPrefix)
        else { return nil }
        var key = ""
        var rest = variable.dropFirst(prefix.count)
        while let next = rest.first {
            if rest.hasPrefix("__") {
                key.append(".")
                rest = rest.dropFirst(2)
            } else {
                key += next.lowercased()
                rest = rest.dropFirst()
            }
        }
        return key
    }
}

/// Reading small files without Foundation.
enum FileContents {
    struct Failure: Error {
        var text: String
    }

    static func read(_ path: String, limit: Int) -> Result<[UInt8], Failure> {
        var buffer: UnsafeMutablePointer<UInt8>?
        var count = 0
        let code = md_read_file(path, limit, &buffer, &count)
        guard code == 0, let buffer else {
            return .failure(Failure(text: "can't be read: \(errorText(code))"))
        }
        defer {
            md_zero(buffer, count)
            md_free(buffer)
        }
        return .success(Array(UnsafeBufferPointer(start: buffer, count: count)))
    }

    private static func errorText(_ code: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let base = buffer.baseAddress else { return "error \(code)" }
            base.initialize(repeating: 0, count: 128)
            return String(cString: md_error_text(code, base, 128))
        }
    }
}
