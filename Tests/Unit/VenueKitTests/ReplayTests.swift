// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Foundation
import JSONView
import Models
import Testing
import VenueTestKit

@testable import VenueKit

/// Recorded lines back to frames.
struct ReplayTests {
    private func unescaped(_ text: String, _ buffer: inout UnescapeBuffer) -> [UInt8] {
        // In memory that ends where the text ends, so that a sanitizer sees a read behind it.
        let bytes = Array(text.utf8)
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: max(bytes.count, 1))
        defer { memory.deallocate() }
        memory.initialize(to: 0)
        memory.update(from: bytes, count: bytes.count)
        let frame = buffer.unescape(JSONText(start: memory, count: bytes.count))
        return Array(frame.bytes)
    }

    @Test(arguments: [
        ("plain", "plain"), ("", ""), ("a\\\"b\\\\c\\/d", "a\"b\\c/d"),
        ("\\b\\f\\n\\r\\t", "\u{8}\u{C}\n\r\t"),
        ("\\u0041\\u00e9\\u20AC", "Aé€"), ("\\uD83D\\uDE00", "😀"), ("x\\ud83d\\ude00y", "x😀y"),
        ("\\uD83D", "\u{FFFD}"), ("\\uDE00", "\u{FFFD}"), ("\\uD83D\\uD83D\\uDE00", "\u{FFFD}😀"),
        ("\\uD83Dx", "\u{FFFD}x"), ("\\uD83D\\n", "\u{FFFD}\n"), ("\\uDE00\\uD83D", "\u{FFFD}\u{FFFD}"),
        ("\\u0041\\n\\u0042\\u0043", "A\nBC"), ("\\u0041\\\"\\u0042", "A\"B"), ("\\u0041", "A"),
        ("{\\\"a\\\":\\\"\\\\\\\"\\\"}", "{\"a\":\"\\\"\"}"), ("币\\u5B89", "币安"), ("\\u0000", "\u{0}"),
    ])
    func `every escape becomes what it stands for`(_ escaped: String, _ text: String) {
        var buffer = UnescapeBuffer()
        #expect(unescaped(escaped, &buffer) == Array(text.utf8))
    }

    @Test(arguments: [
        "\\", "\\u", "\\u12", "\\u12G4", "\\u00é", "\\uD83D\\u12", "\\x", "a\\u000\\", "\\uD83D\\",
    ])
    func `what is no escape stays within its bytes`(_ text: String) {
        var buffer = UnescapeBuffer()
        let bytes = unescaped(text, &buffer)
        #expect(bytes.count <= text.utf8.count || text.hasPrefix("\\uD83D"))
        let reference = text.withCString {
            $0.withMemoryRebound(to: UInt8.self, capacity: 64) { start in
                JSONText(start: start, count: text.utf8.count).string
            }
        }
        #expect(bytes == Array(reference.utf8))
    }

    @Test func `random texts come back as Foundation wrote them`() throws {
        var generator = SplitMix(seed: 4)
        let alphabet: [String] = [
            "a", "\"", "\\", "/", "\n", "\t", "\u{1}", "é", "€", "😀", "币", "{", ":", "\u{7F}", "\u{2028}",
        ]
        var buffer = UnescapeBuffer()
        for _ in 0..<2000 {
            let count = Int.random(in: 0..<40, using: &generator)
            let text = (0..<count).map { _ in alphabet.randomElement(using: &generator) ?? "" }.joined()
            let json = try String(decoding: JSONEncoder().encode([text]), as: UTF8.self)
            #expect(unescaped(String(json.dropFirst(2).dropLast(2)), &buffer) == Array(text.utf8))
            let ascii = text.utf16.map { "\\u" + String(format: "%04x", $0) }.joined()
            #expect(unescaped(ascii, &buffer) == Array(text.utf8))
        }
    }

    @Test func `a message longer than all before has room, padding included`() {
        var buffer = UnescapeBuffer()
        for count in [65_471, 65_472, 65_473, 300_000, 10] {
            let text =
                String(repeating: "\\u000é", count: count / 7) + String(repeating: "x", count: count % 7)
            #expect(unescaped(text, &buffer).count <= text.utf8.count)
        }
    }

    private func line(_ text: String) -> String? {
        guard let scanner = JSONScanner() else { return nil }
        var copy = text
        return copy.withUTF8 { bytes in
            guard let line = SessionLine(UnsafeRawBufferPointer(bytes), readable: 0, scanner: scanner) else {
                return nil
            }
            return "\(line.receivedNanoseconds) \(line.connection.string) \(line.direction) "
                + "\(line.url?.string ?? "-") \(line.message?.string ?? "-")"
        }
    }

    @Test func `session lines are told from frames`() {
        #expect(
            line(
                "{\"recv_ns\":1723161254087891,\"conn\":\"spot-1\",\"dir\":\"in\",\"msg\":\"{\\\"a\\\":1}\"}"
            )
                == "1723161254087891 spot-1 incoming - {\"a\":1}"
        )
        #expect(
            line("{\"dir\":\"open\",\"url\":\"wss://x\",\"conn\":\"c\",\"recv_ns\":5}")
                == "5 c open wss://x -"
        )
        #expect(
            line("{\"recv_ns\":5,\"dir\":\"open\",\"url\":\"wss://x\",\"conn\":\"c\",\"new\":[1]}")
                == "5 c open wss://x -"
        )
        #expect(line("{\"recv_ns\":5,\"conn\":\"c\",\"dir\":\"out\",\"msg\":\"x\"}") == "5 c outgoing - x")
        #expect(line("{\"recv_ns\":5,\"conn\":\"c\",\"dir\":\"end\"}") == "5 c end - -")
        #expect(line("{\"recv_ns\":5,\"conn\":\"c\",\"dir\":\"http\",\"msg\":\"x\"}") == "5 c http - x")
        for frame in [
            "", "{}", "[]", "pong", "{\"e\":\"trade\",\"recv_ns\":5,\"conn\":\"c\",\"dir\":\"in\"}",
            "{\"msg\":\"x\",\"code\":1}",
            "{\"recv_ns\":-5,\"conn\":\"c\",\"dir\":\"in\"}",
            "{\"recv_ns\":5,\"conn\":\"c\",\"dir\":\"sideways\"}",
            "{\"recv_ns\":5,\"conn\":\"c\"}", "{\"recv_ns\":5,\"dir\":\"in\"}",
            "{\"recv_ns\":\"x\",\"conn\":\"c\",\"dir\":\"in\"}",
            "{\"recv_ns\":5,\"conn\":\"c\",\"dir\":\"in\"", "{\"recv_ns\":5,\"conn\":\"c\",\"dir\":\"in\"}}",
        ] { #expect(line(frame) == nil, "\(frame)") }
    }
}
