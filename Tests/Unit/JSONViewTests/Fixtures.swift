// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Foundation
import JSONView
import Testing

/// Real frames of four venues; Frames/SOURCES.md says whence.
enum Frames {
    static let all: [[UInt8]] = {
        let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Frames/frames.jsonl")
        let text = (try? String(contentsOf: path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map { Array($0.utf8) }
    }()
}

/// Random numbers that are the same at every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Reads a document to its end, every value by what it looks like.
struct Walker {
    let scanner: JSONScanner
    /// What was read, in a form that can be compared.
    private(set) var trace: [String] = []

    init() throws { scanner = try #require(JSONScanner(capacity: 1024)) }

    /// Walks bytes from memory that ends where they end, or where their padding ends.
    mutating func walk(_ bytes: [UInt8], isPadded: Bool = false) throws(JSONError) {
        trace.removeAll(keepingCapacity: true)
        let room = bytes.count + (isPadded ? JSONScanner.padding : 0)
        // Not an array: its storage is rounded up, and a sanitizer would not see a read behind the end.
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(room, 1), alignment: 1)
        defer { memory.deallocate() }
        for index in 0..<room { memory[index] = index < bytes.count ? bytes[index] : UInt8(ascii: "}") }
        let document = UnsafeRawBufferPointer(rebasing: memory[..<bytes.count])
        var cursor = try scanner.scan(document, readable: room)
        if isPadded { #expect(UnsafeRawPointer(cursor.documentStart) == document.baseAddress) }
        try value(&cursor, depth: 0)
        try cursor.finish()
    }

    private mutating func value(_ cursor: inout JSONCursor, depth: Int) throws(JSONError) {
        switch cursor.peek {
        case UInt8(ascii: "{") where depth < 200:
            trace.append("{")
            try cursor.enterObject()
            while let key = try cursor.nextKey() {
                trace.append(key.string)
                try value(&cursor, depth: depth + 1)
            }
            trace.append("}")
        case UInt8(ascii: "[") where depth < 200:
            trace.append("[")
            try cursor.enterArray()
            while try cursor.nextElement() { try value(&cursor, depth: depth + 1) }
            trace.append("]")
        case UInt8(ascii: "{"), UInt8(ascii: "["): try cursor.skip()
        case UInt8(ascii: "\""): trace.append("\"" + (try cursor.string().string))
        case UInt8(ascii: "t"), UInt8(ascii: "f"): trace.append(String(try cursor.bool()))
        case UInt8(ascii: "n"):
            guard cursor.skipNull() else { throw .wrongType(offset: cursor.offset) }
            trace.append("null")
        default: trace.append(try cursor.decimal().description)
        }
    }
}
