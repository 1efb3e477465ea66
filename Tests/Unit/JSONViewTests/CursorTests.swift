// Part of MarketBus. Apache License 2.0, see LICENSE.

import AllocationCount
import FixedPoint
import JSONView
import Testing

@Suite struct `Reading values` {
    @Test func `numbers may be written as texts`() throws {
        try read(#"[1,"1","1.50",1.50,"-7",9223372036854775807,"-9223372036854775807"]"#) { cursor in
            try cursor.enterArray()
            _ = try cursor.nextElement()
            #expect(try cursor.integer() == 1)
            _ = try cursor.nextElement()
            #expect(try cursor.integer() == 1)
            _ = try cursor.nextElement()
            #expect(try cursor.decimal().description == "1.5")
            _ = try cursor.nextElement()
            #expect(try cursor.decimal().description == "1.5")
            _ = try cursor.nextElement()
            #expect(try cursor.integer() == -7)
            _ = try cursor.nextElement()
            #expect(try cursor.integer() == .max)
            _ = try cursor.nextElement()
            #expect(try cursor.integer() == -.max)
            #expect(try cursor.nextElement() == false)
        }
    }

    @Test(arguments: [
        "\"\"", "\"-\"", "1.0", "1e3", "9223372036854775808", "-9223372036854775808", "99999999999999999999",
        "\"1a\"",
        "\" 1\"", "\"+1\"",
    ])
    func `what is no integer of 64 bits says where`(text: String) throws {
        try read("{\"a\":\(text)}") { cursor in
            try cursor.enterObject()
            _ = try cursor.nextKey()
            #expect(throws: JSONError.badInteger(offset: 5)) { try cursor.integer() }
        }
    }

    @Test func `another kind than asked for says where`() throws {
        try read(#"{"a":{"b":[]}}"#) { cursor in
            #expect(throws: JSONError.wrongType(offset: 0)) { try cursor.enterArray() }
            try cursor.enterObject()
            _ = try cursor.nextKey()
            #expect(throws: JSONError.wrongType(offset: 5)) { try cursor.string() }
            #expect(throws: JSONError.wrongType(offset: 5)) { try cursor.decimal() }
            #expect(throws: JSONError.wrongType(offset: 5)) { try cursor.bool() }
            #expect(cursor.skipNull() == false)
            try cursor.skip()
            #expect(try cursor.nextKey() == nil)
            try cursor.finish()
        }
    }

    @Test func `a cursor at the start of a document asked for a key or an element`() throws {
        for text in ["\"a\"", "1", "]", "}"] {
            try read(text) { cursor in
                #expect((try? cursor.nextKey()) ?? nil == nil)
                _ = try? cursor.nextElement()
            }
        }
    }

    @Test func `names of every length are told apart`() throws {
        let name = JSONName("abcdefghijkl")
        try read(#"["abcdefghijkl","abcdefghijkm","abcdefghijk","abcdefghijklm","abcdefgh",""]"#) { cursor in
            var matches: [Bool] = []
            try cursor.enterArray()
            while try cursor.nextElement() { matches.append(try cursor.string().matches(name)) }
            #expect(matches == [true, false, false, false, false, false])
        }
        try read(#"["abc","abd","ab","abcd"]"#) { cursor in
            var words: [Bool] = []
            try cursor.enterArray()
            while try cursor.nextElement() {
                let text = try cursor.string()
                words.append(text.word == JSONName("abc").packed)
                #expect(text.hasPrefix("ab"))
            }
            #expect(words == [true, false, false, false])
        }
    }

    @Test func `a frame that has room behind is not copied, one without is`() throws {
        let scanner = try #require(JSONScanner())
        var bytes = Array("{\"a\":1}".utf8)
        let length = bytes.count
        bytes += [UInt8](repeating: 0xFF, count: JSONScanner.padding)
        try bytes.withUnsafeBytes { memory in
            let frame = UnsafeRawBufferPointer(rebasing: memory[..<length])
            let inPlace = try scanner.scan(frame, readable: memory.count)
            #expect(UnsafeRawPointer(inPlace.documentStart) == memory.baseAddress)
            let copied = try scanner.scan(frame, readable: memory.count - 1)
            #expect(UnsafeRawPointer(copied.documentStart) != memory.baseAddress)
        }
    }

    @Test func `reading a frame asks for no memory`() throws {
        let scanner = try #require(JSONScanner())
        let frame = try #require(Frames.all.first)
        let padded = frame + [UInt8](repeating: 0, count: JSONScanner.padding)
        try padded.withUnsafeBytes { memory in
            let bytes = UnsafeRawBufferPointer(rebasing: memory[..<frame.count])
            for readable in [memory.count, 0] {
                var levels = 0
                levels += try Self.levels(bytes, readable, scanner)
                let count = try AllocationCounter.count {
                    for _ in 0..<1000 { levels += try Self.levels(bytes, readable, scanner) }
                }
                #expect(count == 0)
                #expect(levels == 4004)
            }
        }
    }

    /// The decimals of a bookTicker frame.
    private static func levels(
        _ bytes: UnsafeRawBufferPointer,
        _ readable: Int,
        _ scanner: JSONScanner
    ) throws(JSONError) -> Int {
        var count = 0
        var cursor = try scanner.scan(bytes, readable: readable)
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            guard key.hasPrefix("data") else {
                try cursor.skip()
                continue
            }
            try cursor.enterObject()
            while let field = try cursor.nextKey() {
                if field.count == 1, !field.hasPrefix("u"), !field.hasPrefix("s") {
                    count += try cursor.decimal().isPositive ? 1 : 0
                } else {
                    try cursor.skip()
                }
            }
        }
        return count
    }

    private func read(_ text: String, _ body: (inout JSONCursor) throws -> Void) throws {
        let scanner = try #require(JSONScanner())
        try Array(text.utf8).withUnsafeBytes { bytes in
            var cursor = try scanner.scan(bytes)
            try body(&cursor)
        }
    }
}

@Suite struct `The room of a scanner` {
    @Test func `grows to a huge document, and is given back at the next`() throws {
        let scanner = try #require(JSONScanner(capacity: 4096, maximumLength: 1 << 22))
        let huge = "[" + String(repeating: "1,", count: 600_000) + "7]"
        for _ in 0..<2 {
            #expect(try elements(of: huge, by: scanner) == 600_001)
            #expect(scanner.capacity >= huge.utf8.count)
            #expect(try elements(of: "[1,2,3]", by: scanner) == 3)
            #expect(scanner.capacity == JSONScanner.keptCapacity)
        }
    }

    @Test func `is not given for a document that is too long, and stays what it was`() throws {
        let scanner = try #require(JSONScanner(capacity: 4096, maximumLength: 10_000))
        let long = "[" + String(repeating: "1,", count: 6000) + "7]"
        #expect(throws: JSONError.tooLong) { try elements(of: long, by: scanner) }
        #expect(try elements(of: "[1,2,3]", by: scanner) == 3)
        #expect(scanner.capacity == 4096)
    }

    private func elements(of text: String, by scanner: JSONScanner) throws -> Int {
        var text = text
        return try text.withUTF8 { bytes in
            var cursor = try scanner.scan(UnsafeRawBufferPointer(bytes))
            try cursor.enterArray()
            var count = 0
            while try cursor.nextElement() {
                _ = try cursor.integer()
                count += 1
            }
            return count
        }
    }
}
