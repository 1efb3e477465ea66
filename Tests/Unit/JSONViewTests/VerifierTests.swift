// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Foundation
import JSONView
import Testing

@Suite struct `Documents in one piece and in many` {
    @Test func `there are frames`() {
        #expect(Frames.all.count > 8)
    }

    @Test(arguments: Frames.all)
    func `a whole frame reads alike in place and copied`(frame: [UInt8]) throws {
        var walker = try Walker()
        try walker.walk(frame)
        let copied = walker.trace
        try walker.walk(frame, isPadded: true)
        #expect(walker.trace == copied)
        #expect(copied.count > 10)
    }

    @Test(arguments: Frames.all)
    func `a frame that is cut anywhere is an error, and so is its rest`(frame: [UInt8]) throws {
        var walker = try Walker()
        for cut in 0..<frame.count {
            for isPadded in [false, true] {
                #expect(throws: JSONError.self, "cut at \(cut)") {
                    try walker.walk(Array(frame[..<cut]), isPadded: isPadded)
                }
                if cut > 0 {
                    #expect(throws: JSONError.self, "rest from \(cut)") {
                        try walker.walk(Array(frame[cut...]), isPadded: isPadded)
                    }
                }
            }
        }
    }

    @Test(arguments: Frames.all)
    func `junk behind a frame is an error, space is not`(frame: [UInt8]) throws {
        var walker = try Walker()
        for junk in ["}", "]", ",", "x", "0", "\"", "\"\"", "{}", ":", "\u{0}"] {
            #expect(throws: JSONError.self, "\(junk)") { try walker.walk(frame + Array(junk.utf8)) }
        }
        #expect(throws: JSONError.self) { try walker.walk(frame + frame) }
        try walker.walk(Array(" \r\n\t".utf8) + frame + Array(" \r\n\t ".utf8), isPadded: true)
    }

    @Test(arguments: [
        "", " ", "\u{FEFF}{}", "{", "[", "\"", "\"abc", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\" 1}",
        "{\"a\":1,}",
        "{,}", "{,\"a\":1}", "{\"a\":1,,\"b\":2}", "{\"a\":1 \"b\":2}", "{\"a\"\"b\":1}", "{\"a\"::1}",
        "{\"a\":}",
        "{:1}", "{1:2}", "{a:1}", "{\"a\":1]", "[1}", "[1,,2]", "[,]", "[1,]", "[,1]", "[1 2]", "[[]", "[]]",
        "[1:2]",
        "{\"a\":1}}", "{\"a\":\"abc\"def}", "[\"abc\"def]", "\"abc\"def", "{\"a\":tru}", "{\"a\":trueish}",
        "{\"a\":nul}", "{\"a\":nulls}", "{\"a\":nope}", "{\"a\":1.2.3}", "{\"a\":+1}", "{\"a\":.5}",
        "{\"a\":5.}",
        "{\"a\":NaN}", "{\"a\":Infinity}", "{\"a\":0x10}", "{\"a\":'b'}", "{\"a\":1e400}", "{\"a\":\u{1}1}",
        "{\"a\":\"\n\"}", "{\"a\":null null}", "{\"a\":1\u{1}2}", "// {}", "{}//", "[1]/**/",
    ])
    func `what is no JSON is an error`(text: String) throws {
        var walker = try Walker()
        #expect(throws: JSONError.self) { try walker.walk(Array(text.utf8)) }
        #expect(throws: JSONError.self) { try walker.walk(Array(text.utf8), isPadded: true) }
    }

    @Test func `bytes that are no UTF-8 are an error`() throws {
        var walker = try Walker()
        for bad: [UInt8] in [
            [0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x80],
        ] {
            let bytes = Array("{\"a\":\"".utf8) + bad + Array("\"}".utf8)
            #expect(throws: JSONError.malformed) { try walker.walk(bytes) }
        }
        try walker.walk(Array("{\"a\":\"ключ 鍵 🔑\"}".utf8))
        #expect(walker.trace.contains("\"ключ 鍵 🔑"))
    }

    @Test func `escapes are resolved, and what is none stays`() throws {
        var walker = try Walker()
        let text = #"["\"\\\/\b\f\n\r\t","\u00e9\u20AC","\ud83d\ude00","\ud83d","plain","\\u0041","\\"]"#
        try walker.walk(Array(text.utf8))
        let parts = walker.trace.filter { $0.first == "\"" }.map { String($0.dropFirst()) }
        #expect(parts[0] == "\"\\/\u{8}\u{C}\n\r\t")
        #expect(parts[1] == "é€")
        #expect(parts[2] == "😀")
        #expect(parts[3] == "\u{FFFD}")
        #expect(Array(parts[4...]) == ["plain", "\\u0041", "\\"])
        try walker.walk(Array(#"["\u+123","\uZZZZ","\u12"]"#.utf8))
        #expect(walker.trace[1] == "\"u+123")
    }

    @Test func `both of two equal keys are seen`() throws {
        var walker = try Walker()
        try walker.walk(Array(#"{"a":1,"a":2}"#.utf8))
        #expect(walker.trace == ["{", "a", "1", "a", "2", "}"])
    }

    @Test func `deep nesting costs no stack`() throws {
        let scanner = try #require(JSONScanner(capacity: 1024))
        let depth = 200_000
        let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        try Array(text.utf8).withUnsafeBytes { bytes in
            var cursor = try scanner.scan(bytes)
            try cursor.skip()
            try cursor.finish()
        }
        try Array(text.dropLast().utf8).withUnsafeBytes { bytes in
            var cursor = try scanner.scan(bytes)
            #expect(throws: JSONError.self) { try cursor.skip() }
        }
    }

    @Test func `a document beyond the limit is refused, one at the limit is read`() throws {
        let scanner = try #require(JSONScanner(capacity: 16, maximumLength: 5000))
        let text = "[\"" + String(repeating: "x", count: 4996) + "\"]"
        try Array(text.utf8).withUnsafeBytes { bytes in
            var cursor = try scanner.scan(bytes)
            try cursor.enterArray()
            #expect(try cursor.nextElement())
            #expect(try cursor.string().count == 4996)
        }
        Array((text + " ").utf8).withUnsafeBytes { bytes in
            _ = #expect(throws: JSONError.tooLong) { try scanner.scan(bytes) }
        }
    }

    @Test func `mutated frames are read or refused, never more`() throws {
        var generator = SeededGenerator(seed: 42)
        var walker = try Walker()
        let turns = 200_000 / max(Frames.all.count, 1)
        var accepted = 0
        for frame in Frames.all {
            for turn in 0..<turns {
                let mutant = Self.mutate(frame, &generator)
                let isRead = (try? walker.walk(mutant, isPadded: turn % 2 == 0)) != nil
                accepted += isRead ? 1 : 0
                if !isRead, turn % 8 == 0 { Self.checkRefusal(mutant) }
            }
        }
        #expect(accepted > 10_000)
    }

    /// What an independent parser accepts may only have been refused for a number that can't be held.
    private static func checkRefusal(_ mutant: [UInt8]) {
        guard (try? JSONSerialization.jsonObject(with: Data(mutant))) != nil else { return }
        let text = String(decoding: mutant, as: UTF8.self)
        let hasLongNumber = text.contains(/[0-9.]{30,}|[eE]/)
        if !hasLongNumber { Issue.record("refused: \(text)") }
    }

    private static func mutate(_ frame: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = frame
        let punctuation = Array("{}[]\",:\\ntf0-.eE \u{0}\u{1F}".utf8) + [0xFF, 0xC3, 0x80]
        for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
            let place = Int.random(in: bytes.indices, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
            case 1: bytes[place] = punctuation.randomElement(using: &generator) ?? 0
            case 2: bytes.remove(at: place)
            case 3: bytes.insert(punctuation.randomElement(using: &generator) ?? 0, at: place)
            case 4:
                bytes.removeSubrange(
                    place..<min(place + Int.random(in: 1...20, using: &generator), bytes.count)
                )
            default: bytes.insert(contentsOf: bytes[place..<min(place + 12, bytes.count)], at: place)
            }
        }
        return bytes
    }
}
