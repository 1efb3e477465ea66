// Part of MarketBus. Apache License 2.0, see LICENSE.

import Foundation

/// A Swift file of the repository, as the checks see it.
struct SourceFile {
    /// The path below the repository's root.
    let path: String
    let text: String
    /// The text with comments and the contents of string literals blanked out, line for line.
    let code: [Substring]
    let lines: [Substring]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        code = CodeOnly.blank(text).split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The imported modules with their line numbers.
    var imports: [(module: String, line: Int)] {
        code.enumerated().compactMap { index, line in
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let at = words.firstIndex(of: "import"), words[..<at].allSatisfy(Self.isImportPrefix) else {
                return nil
            }
            // `import struct Foundation.Data` names the module third.
            let kinds: Set<Substring> = [
                "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
            ]
            let name = words[(at + 1)...].first { !kinds.contains($0) }
            return name.map { (String($0.split(separator: ".").first ?? $0), index + 1) }
        }
    }

    private static func isImportPrefix(_ word: Substring) -> Bool {
        word.hasPrefix("@") || ["public", "package", "internal", "fileprivate", "private"].contains(word)
    }
}

/// Blanks comments and strings, so that a word in a sentence is not taken for code.
enum CodeOnly {
    /// Bytes at which a token of interest can begin; all others are stepped over quickly.
    private static let marks = Set("/*#\"\\\n".utf8)

    private enum State: Equatable {
        case code, lineComment, blockComment(depth: Int)
        case string(hashes: Int, isMultiline: Bool)
    }

    static func blank(_ text: String) -> String {
        let source = Array(text.utf8)
        var output: [UInt8] = []
        output.reserveCapacity(source.count)
        var state = State.code
        var at = 0
        func has(_ word: String, at place: Int) -> Bool { source[place...].starts(with: word.utf8) }
        while at < source.count {
            let (next, width) = marks.contains(source[at]) ? step(state, at, has) : (state, 1)
            for offset in at..<min(at + width, source.count) {
                let isKept = source[offset] == 10 || (state == .code && next == .code)
                output.append(isKept ? source[offset] : 32)
            }
            at += width
            state = next
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// The state after the token that begins here, and the token's width.
    private static func step(_ state: State, _ at: Int, _ has: (String, Int) -> Bool) -> (State, Int) {
        switch state {
        case .code:
            if has("//", at) { return (.lineComment, 2) }
            if has("/*", at) { return (.blockComment(depth: 1), 2) }
            var hashes = 0
            while has("#", at + hashes) { hashes += 1 }
            if has("\"\"\"", at + hashes) { return (.string(hashes: hashes, isMultiline: true), hashes + 3) }
            if has("\"", at + hashes) { return (.string(hashes: hashes, isMultiline: false), hashes + 1) }
            return (.code, max(1, hashes))
        case .lineComment:
            return (has("\n", at) ? .code : .lineComment, 1)
        case .blockComment(let depth):
            if has("/*", at) { return (.blockComment(depth: depth + 1), 2) }
            if has("*/", at) { return (depth == 1 ? .code : .blockComment(depth: depth - 1), 2) }
            return (state, 1)
        case .string(let hashes, let isMultiline):
            let fence = String(repeating: "#", count: hashes)
            if has("\\" + fence, at) { return (state, 2 + hashes) }
            let end = (isMultiline ? "\"\"\"" : "\"") + fence
            if has(end, at) || (!isMultiline && has("\n", at)) {
                return (.code, has("\n", at) ? 1 : end.utf8.count)
            }
            return (state, 1)
        }
    }
}

/// The repository on disk.
enum Repository {
    /// The root, found from this file's own place.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The sources, read once for all tests.
    static let read = Result { try sources() }

    /// All Swift files of the three folders that hold code.
    static func sources() throws -> [SourceFile] {
        try ["Shared", "Services", "Tests"].flatMap { folder -> [SourceFile] in
            let base = root.appending(path: folder)
            let paths = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
            return try paths.sorted().filter { $0.hasSuffix(".swift") }.map { path in
                let text = try String(contentsOf: base.appending(path: path), encoding: .utf8)
                return SourceFile(path: "\(folder)/\(path)", text: text)
            }
        }
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The names in a folder, sorted; none where it does not exist.
    static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)) ?? [])
            .sorted()
    }
}
