// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import Glibc
import Lifecycle
import Wire

/// `marketbus schemas`: the topics' JSON Schemas and the AsyncAPI document, as files.
enum SchemasCommand {
    static let summary = "write the JSON Schemas and the AsyncAPI document, or check files against them"

    static func run(_ words: [String]) -> Int32 {
        let command = OperatorCommand.describe(
            "schemas",
            "Writes the topics' JSON Schemas and their AsyncAPI document, or says which files are not up to date.",
            options: [
                CommandOption("--write", value: "DIR", help: "write all documents into this directory"),
                CommandOption(
                    "--check",
                    value: "DIR",
                    help: "compare; exit code 1 if a file differs or is missing"
                ),
            ]
        )
        let outcome = ServiceLaunch.prepare(command, arguments: words) { reader, line in
            Tool.ignoreServices(reader)
            reader.ignore(prefix: "kafka")
            if line.has("--write") == line.has("--check") {
                reader.note(
                    "",
                    "one of --write DIR and --check DIR is needed",
                    "see marketbus schemas --help"
                )
            }
            return (line.value("--write"), line.value("--check"))
        }
        switch outcome {
        case .exit(let code): return code
        case .run((let target?, _), _): return write(to: target)
        case .run((_, let target), _): return check(target ?? ".")
        }
    }

    private static func write(to directory: String) -> Int32 {
        for document in SchemaDocuments.all() {
            let path = "\(directory)/\(document.path)"
            if let problem = TextFile.write(document.text, to: path) {
                Tool.complain("schemas", "\(path): \(problem)")
                return ExitCode.configuration.code
            }
            Terminal.write("\(path)\n", to: .output)
        }
        return 0
    }

    private static func check(_ directory: String) -> Int32 {
        var found: Int32 = 0
        for document in SchemaDocuments.all() {
            let path = "\(directory)/\(document.path)"
            let text = TextFile.read(path)
            guard text != document.text else { continue }
            let what = text == nil ? "is missing" : "is not up to date"
            Terminal.write("\(path) \(what); run: marketbus schemas --write \(directory)\n", to: .output)
            found = Tool.findingExitCode
        }
        if found == 0 { Terminal.write("all documents are up to date\n", to: .output) }
        return found
    }
}

/// Whole text files.
enum TextFile {
    /// What the file holds, or nil where it can't be read.
    static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        return ferror(file) == 0 ? String(decoding: bytes, as: UTF8.self) : nil
    }

    /// Writes the file; gives the machine's words when it can't.
    static func write(_ text: String, to path: String) -> String? {
        guard let file = fopen(path, "w") else { return PlatformError.text(errno) }
        var copy = text
        let written = copy.withUTF8 { fwrite($0.baseAddress, 1, $0.count, file) }
        guard fclose(file) == 0, written == text.utf8.count else { return PlatformError.text(errno) }
        return nil
    }
}
