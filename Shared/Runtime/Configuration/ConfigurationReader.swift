// Part of MarketBus. Apache License 2.0, see LICENSE.

import Secrets

/// Reads typed values from the sources, remembers every key that was asked for, and collects all problems.
///
/// A getter never fails: it returns the default and notes the problem, so that all are reported at once by
/// ``finish()``.
///
/// - Thread: one. Used once, at start.
public final class ConfigurationReader {
    /// A key that the program knows, for `--help` and documents.
    public struct KnownKey: Sendable {
        /// The dotted key.
        public let key: String
        /// The default as text; empty where there is none.
        public let standard: String
        /// What it does.
        public let help: String
    }

    /// One line of the effective configuration.
    public struct EffectiveValue: Sendable {
        /// The dotted key.
        public let key: String
        /// The value as text, or `***`.
        public let value: String
        /// Where it comes from: default, file, environment, flag.
        public let source: String
    }

    private let sources: ConfigurationSources
    private var problems: [ConfigurationProblem]
    private var known: [String: KnownKey] = [:]
    private var order: [String] = []
    private var openPrefixes: [String] = []
    private var foreignPrefixes: [String] = []
    private var values: [String: EffectiveValue] = [:]

    /// Makes a reader over the sources.
    public init(_ sources: ConfigurationSources) {
        self.sources = sources
        problems = sources.problems
    }

    // MARK: Scalars

    /// A text.
    public func string(_ key: String, default standard: String, help: String = "") -> String {
        text(key, standard: standard, help: help) ?? standard
    }

    /// A text that may be absent.
    public func optionalString(_ key: String, help: String = "") -> String? {
        text(key, standard: "", help: help)
    }

    /// A text that must be given and not be empty; absent, it is a problem and the result is empty.
    public func requiredString(_ key: String, help: String = "") -> String {
        if let value = text(key, standard: "", help: help), !value.isEmpty { return value }
        let mend = "set it in the file, as \(ConfigurationSources.variable(for: key)), or with --set \(key)=…"
        note(key, "is missing", mend)
        return ""
    }

    /// A whole number within a range; the key's last part names the unit (`_ms`, `_bytes`).
    public func int(
        _ key: String,
        default standard: Int,
        in range: ClosedRange<Int>,
        help: String = ""
    ) -> Int {
        guard let value = text(key, standard: String(standard), help: help) else { return standard }
        let mend = "give a whole number from \(range.lowerBound) to \(range.upperBound)\(Self.unit(of: key))"
        guard let number = Int(value) else {
            note(key, "\"\(value)\" is not a whole number", mend)
            return standard
        }
        guard range.contains(number) else {
            note(key, "\(number) is out of range", mend)
            return standard
        }
        return number
    }

    /// True or false.
    public func bool(_ key: String, default standard: Bool, help: String = "") -> Bool {
        guard let value = text(key, standard: String(standard), help: help) else { return standard }
        switch value.lowercased() {
        case "true": return true
        case "false": return false
        default:
            note(key, "\"\(value)\" is neither true nor false", "write true or false")
            return standard
        }
    }

    /// One word of a list.
    public func choice(
        _ key: String,
        default standard: String,
        of words: [String],
        help: String = ""
    ) -> String {
        guard let value = text(key, standard: standard, help: help) else { return standard }
        guard words.contains(value) else {
            note(key, "\"\(value)\" is not known", "one of: " + words.joined(separator: ", "))
            return standard
        }
        return value
    }

    /// A URL with one of these schemes, a host, and where given a port from 1 to 65535.
    public func url(_ key: String, default standard: String, schemes: [String], help: String = "") -> String {
        guard let value = text(key, standard: standard, help: help) else { return standard }
        if let what = URLShape.problem(in: value, schemes: schemes) {
            note(
                key,
                "\"\(value)\" is not such a URL: \(what)",
                "as in \(schemes.first ?? "https")://host:port/path"
            )
            return standard
        }
        return value
    }

    // MARK: Collections

    /// A list of texts: a YAML list, or words with commas between them.
    public func list(_ key: String, default standard: [String], help: String = "") -> [String] {
        declare(key, standard: standard.joined(separator: ","), help: help)
        guard let entry = sources.entries[key] else { return standard }
        let items: [String]
        switch entry.content {
        case .list(let written): items = written
        case .text(let written): items = Self.split(written)
        }
        keep(key, items.joined(separator: ","), entry.origin)
        return items
    }

    /// All keys below a prefix with their texts.
    ///
    /// `kafka.properties` gives `linger.ms` and the like; none of them is unknown.
    public func map(_ prefix: String, help: String = "") -> [String: String] {
        openPrefixes.append(prefix + ".")
        if !help.isEmpty { remember(KnownKey(key: prefix + ".<name>", standard: "", help: help)) }
        var result: [String: String] = [:]
        for key in names(below: prefix, deep: true) {
            let full = "\(prefix).\(key)"
            guard let entry = sources.entries[full] else { continue }
            switch entry.content {
            case .text(let text): result[key] = text
            case .list(let items): result[key] = items.joined(separator: ",")
            }
            keep(full, result[key] ?? "", entry.origin)
        }
        return result
    }

    /// The names that are written below a prefix, sorted: `venues` gives `binance` and `okx`.
    public func names(below prefix: String, deep: Bool = false) -> [String] {
        let start = prefix + "."
        var found: Set<String> = []
        for key in sources.entries.keys where key.hasPrefix(start) {
            let rest = key.dropFirst(start.count)
            found.insert(deep ? String(rest) : String(rest.prefix { $0 != "." }))
        }
        return found.sorted()
    }

    /// Keys below this prefix belong to another service that shares the file: here they are neither used nor unknown.
    public func ignore(prefix: String) {
        foreignPrefixes.append(prefix + ".")
    }

    // MARK: Secrets

    /// A secret: the content of the file that `<key>_file` names, or the environment variable of the key.
    ///
    /// Written into the YAML file or a flag it is a problem, since both are read by others.
    public func secret(_ key: String, help: String = "") -> Secret? {
        let fileKey = key + "_file"
        let path = text(fileKey, standard: "", help: help.isEmpty ? "" : help + " (the file that holds it)")
        declare(key, standard: "", help: "")
        if let entry = sources.entries[key], case .text(let value) = entry.content {
            guard case .environment = entry.origin else {
                let variable = ConfigurationSources.variable(for: key)
                note(
                    key,
                    "a secret may not be written here",
                    "put it in a file that \(fileKey) names, or in \(variable)"
                )
                return nil
            }
            values[key] = EffectiveValue(key: key, value: "***", source: entry.origin.word)
            return Secret(value.utf8)
        }
        guard let path, !path.isEmpty else { return nil }
        return readSecret(fileKey, path)
    }

    private func readSecret(_ key: String, _ path: String) -> Secret? {
        switch FileContents.read(path, limit: 65_536) {
        case .success(var bytes):
            while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") {
                bytes.removeLast()
            }
            if bytes.isEmpty { note(key, "\"\(path)\" is empty", "write the secret into the file") }
            defer { for index in bytes.indices { bytes[index] = 0 } }
            return bytes.isEmpty ? nil : Secret(bytes)
        case .failure(let failure):
            note(key, "\"\(path)\" \(failure.text)", "name a file that this user may read")
            return nil
        }
    }

    // MARK: The end

    /// Notes a problem that a service found in a value, at the place where the value was written.
    public func note(_ key: String, _ what: String, _ mend: String) {
        let place = sources.entries[key]?.origin.place ?? ""
        problems.append(ConfigurationProblem(place: place, key: key, what: what, mend: mend))
    }

    /// Ends reading: everything that is wrong, unknown keys included, is thrown at once.
    ///
    /// - Throws: ``ConfigurationProblems`` when there is at least one.
    public func finish() throws(ConfigurationProblems) {
        var prefixes = openPrefixes + foreignPrefixes
        // The venues' keys may stand in the environment of all services; unknown is one only to those that read some.
        if !order.contains(where: { $0.hasPrefix("keys.") }) { prefixes.append("keys.") }
        for key in sources.entries.keys.sorted()
        where known[key] == nil && !prefixes.contains(where: key.hasPrefix) {
            let suggestion = NearestWord.find(key, among: order.filter { !$0.contains("<") })
            note(key, "unknown key", suggestion.map { "did you mean \($0)?" } ?? "remove it")
        }
        if !problems.isEmpty { throw ConfigurationProblems(problems) }
    }

    /// Every key with its value and source, sorted; secrets are `***`.
    public var effective: [EffectiveValue] { values.values.sorted { $0.key < $1.key } }

    /// The effective configuration for one log line: `http.port=9101(flag) …`.
    public var effectiveLine: String {
        effective.map { "\($0.key)=\($0.value)(\($0.source))" }.joined(separator: " ")
    }

    /// The keys that were asked for, in that order.
    public var knownKeys: [KnownKey] { order.compactMap { known[$0] } }

    private func text(_ key: String, standard: String, help: String) -> String? {
        declare(key, standard: standard, help: help)
        guard let entry = sources.entries[key] else { return nil }
        switch entry.content {
        case .text(let value):
            keep(key, value, entry.origin)
            return value
        case .list:
            note(key, "is a list", "give one value")
            return nil
        }
    }

    private func declare(_ key: String, standard: String, help: String) {
        remember(KnownKey(key: key, standard: standard, help: help))
        if !standard.isEmpty { keep(key, standard, .standard) }
    }

    private func remember(_ entry: KnownKey) {
        guard known.updateValue(entry, forKey: entry.key) == nil else { return }
        order.append(entry.key)
    }

    private func keep(_ key: String, _ value: String, _ origin: ConfigurationOrigin) {
        let shown = Redaction.isSensitive(key) ? "***" : Redaction.withoutPassword(value)
        values[key] = EffectiveValue(key: key, value: shown, source: origin.word)
    }

    private static func split(_ text: String) -> [String] {
        text.split(separator: ",").map { String($0.trimmingSpaces) }.filter { !$0.isEmpty }
    }

    private static func unit(of key: String) -> String {
        if key.hasSuffix("_ms") { return " (milliseconds)" }
        if key.hasSuffix("_bytes") { return " (bytes)" }
        return ""
    }
}
