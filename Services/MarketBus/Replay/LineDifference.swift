// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import Glibc
import JSONView

/// Compares two outputs of `replay` or `normalize` line by line.
enum LineDifference {
    static func run(_ files: [String]) -> Int32 {
        guard files.count == 2 else {
            Tool.complain("replay", "--diff: name two files of lines")
            return ServiceLaunch.configurationExitCode
        }
        let descriptors = files.map { open($0, O_RDONLY) }
        defer { for descriptor in descriptors where descriptor >= 0 { close(descriptor) } }
        for (file, descriptor) in zip(files, descriptors) where descriptor < 0 {
            Tool.complain("replay", "--diff \(file): can't be read")
            return ServiceLaunch.configurationExitCode
        }
        let (left, right) = (LineReader(descriptor: descriptors[0]), LineReader(descriptor: descriptors[1]))
        var number = 0
        while true {
            number += 1
            let (one, other) = (left.next(), right.next())
            switch (one, other) {
            case (nil, nil):
                Terminal.write("equal: \(number - 1) lines\n", to: .output)
                return 0
            case (let one?, let other?) where one.bytes.elementsEqual(other.bytes):
                continue
            default:
                Terminal.write(describe(number, files, one, other), to: .output)
                return Tool.findingExitCode
            }
        }
    }

    private static func describe(
        _ number: Int,
        _ files: [String],
        _ one: FrameLine?,
        _ other: FrameLine?
    ) -> String {
        guard let one, let other else {
            let short = one == nil ? files[0] : files[1]
            return "line \(number): \(short) has ended, the other goes on\n"
        }
        let fields = differing(one.bytes, other.bytes)
        let words = fields.isEmpty ? "" : " differs in \(fields.joined(separator: ", "))"
        return "line \(number)\(words)\n< \(text(one))\n> \(text(other))\n"
    }

    private static func text(_ line: FrameLine) -> String { String(decoding: line.bytes, as: UTF8.self) }

    /// The names of the top fields, and of the value's fields, that differ.
    private static func differing(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> [String]
    {
        let (left, right) = (fields(one), fields(other))
        return Set(left.keys).union(right.keys).filter { left[$0] != right[$0] }.sorted()
    }

    private static func fields(_ line: UnsafeRawBufferPointer) -> [String: String] {
        guard let scanner = JSONScanner(), var cursor = try? scanner.scan(line) else { return [:] }
        var found: [String: String] = [:]
        try? collect(&cursor, "", line, &found)
        return found
    }

    private static func collect(
        _ cursor: inout JSONCursor,
        _ prefix: String,
        _ line: UnsafeRawBufferPointer,
        _ found: inout [String: String]
    ) throws {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            let name = prefix + key.string
            if prefix.isEmpty, cursor.peek == UInt8(ascii: "{") {
                try collect(&cursor, name + ".", line, &found)
                continue
            }
            let begin = Int(cursor.offset)
            try cursor.skip()
            let end = min(Int(cursor.offset), line.count)
            guard begin <= end else { continue }
            found[name] = String(decoding: line[begin..<end], as: UTF8.self)
        }
    }
}
