// Part of MarketBus. Apache License 2.0, see LICENSE.

import CYAML

/// Reads a YAML file into dotted keys.
///
/// The owner of libyaml.
///
/// Only what a configuration needs: nested maps, text, lists of text. Anchors, aliases, tags, several documents and
/// lists of maps are problems with their line, not surprises.
struct YAMLFlattener {
    private static let maximumDepth = 16
    /// What remains to be skipped after a problem may be large; past this many problems reading ends.
    private static let maximumProblems = 100

    private(set) var entries: [String: ConfigurationEntry] = [:]
    private(set) var problems: [ConfigurationProblem] = []
    private let path: String

    private struct Event {
        var kind: Int
        var line: Int
        var text: String
        var isPlain: Bool
    }

    private struct Stop: Error {}

    init(path: String) {
        self.path = path
    }

    mutating func read(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { buffer in
            guard let parser = md_yaml_open(buffer.baseAddress, buffer.count) else { return }
            defer { md_yaml_close(parser) }
            try? readDocuments(parser)
        }
    }

    private mutating func readDocuments(_ parser: OpaquePointer) throws(Stop) {
        guard try next(parser).kind == MD_YAML_DOCUMENT.kind else { return }
        let root = try next(parser)
        switch root.kind {
        case MD_YAML_MAP.kind: try readMap(parser, prefix: "", depth: 0)
        case MD_YAML_SCALAR.kind where root.text.isEmpty: break
        default:
            add(root.line, "", "the file is not a map of keys", "write `key: value` lines")
            throw Stop()
        }
        _ = try next(parser)
        let after = try next(parser)
        guard after.kind == MD_YAML_DOCUMENT.kind else { return }
        add(after.line, "", "a second document begins here", "keep one document in the file")
    }

    private mutating func readMap(_ parser: OpaquePointer, prefix: String, depth: Int) throws(Stop) {
        while true {
            let name = try next(parser)
            guard name.kind != MD_YAML_MAP_END.kind else { return }
            guard name.kind == MD_YAML_SCALAR.kind, !name.text.isEmpty else {
                add(name.line, prefix, "a key must be text", "write `key: value`")
                throw Stop()
            }
            let key = prefix.isEmpty ? name.text : "\(prefix).\(name.text)"
            let value = try next(parser)
            switch value.kind {
            case MD_YAML_SCALAR.kind: store(key, value)
            case MD_YAML_LIST.kind: try readList(parser, key: key, line: value.line)
            case MD_YAML_MAP.kind where depth < Self.maximumDepth:
                try readMap(parser, prefix: key, depth: depth + 1)
            default:
                add(value.line, key, "nested too deeply", "at most \(Self.maximumDepth) levels")
                throw Stop()
            }
        }
    }

    private mutating func store(_ key: String, _ value: Event) {
        if value.isPlain, ["", "~", "null", "Null", "NULL"].contains(value.text) {
            add(value.line, key, "has no value", "give one, or remove the key to get its default")
        } else {
            store(key, .text(value.text), line: value.line)
        }
    }

    private mutating func readList(_ parser: OpaquePointer, key: String, line: Int) throws(Stop) {
        var items: [String] = []
        while true {
            let item = try next(parser)
            switch item.kind {
            case MD_YAML_LIST_END.kind:
                store(key, .list(items), line: line)
                return
            case MD_YAML_SCALAR.kind: items.append(item.text)
            default:
                add(item.line, key, "a list may hold only text", "write `- value` lines")
                throw Stop()
            }
        }
    }

    private mutating func store(_ key: String, _ content: ConfigurationEntry.Content, line: Int) {
        if case .file(_, let first)? = entries[key]?.origin {
            add(line, key, "is given twice, first in line \(first)", "keep one")
        }
        entries[key] = ConfigurationEntry(content: content, origin: .file(path: path, line: line))
    }

    private mutating func next(_ parser: OpaquePointer) throws(Stop) -> Event {
        var raw = md_yaml_event()
        md_yaml_next(parser, &raw)
        let text = String(decoding: UnsafeBufferPointer(start: raw.text, count: raw.length), as: UTF8.self)
        let line = Int(raw.line)
        if raw.kind == MD_YAML_FAILED.kind {
            add(line, "", "not YAML: \(text)", "check indentation, quotes and colons near this line")
            throw Stop()
        }
        if raw.kind == MD_YAML_ALIAS.kind || raw.has_anchor != 0 {
            add(
                line,
                "",
                "anchors and aliases (& and *) are not supported",
                "write the value out, or quote it"
            )
            throw Stop()
        }
        if raw.has_tag != 0 {
            add(line, "", "tags (!) are not supported", "remove the tag, or quote the value")
            throw Stop()
        }
        guard problems.count < Self.maximumProblems else { throw Stop() }
        return Event(kind: Int(raw.kind), line: line, text: text, isPlain: raw.is_plain != 0)
    }

    private mutating func add(_ line: Int, _ key: String, _ what: String, _ mend: String) {
        problems.append(ConfigurationProblem(place: "\(path):\(line)", key: key, what: what, mend: mend))
    }
}

extension md_yaml_kind {
    fileprivate var kind: Int { Int(rawValue) }
}
