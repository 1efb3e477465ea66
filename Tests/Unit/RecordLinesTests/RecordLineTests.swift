// Part of MarketBus. Apache License 2.0, see LICENSE.

import Foundation
import Glibc
import Lifecycle
import RecordLines
import TestKit
import Testing
import Wire

@Suite struct `Records as lines` {
    @Test func `are read as they were written`() throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("", to: "records")
        let values = [#"{"published_us":5,"price":"1.5"}"#, #"{"published_us":0}"#, nil]
        let lines = try written(to: path) { writer in
            for value in values {
                #expect(writer.send(TopicRegistry.trade, key: "a\"b", value: value) == .accepted)
            }
            try writer.flush()
        }
        #expect(
            lines.first == #"{"topic":"md.trade.v1","key":"a\"b","value":{"published_us":5,"price":"1.5"}}"#
        )
        #expect(lines.last == #"{"topic":"md.trade.v1","key":"a\"b","value":null}"#)
        let reader = try RecordLineReader(path)
        for (index, value) in values.enumerated() {
            let record = try #require(try reader.next())
            #expect(record.topic == TopicRegistry.trade)
            #expect(record.key == Array("a\"b".utf8))
            #expect(record.value == value.map { Array($0.utf8) })
            #expect(record.publishedMicroseconds == (index == 0 ? 5 : nil))
            #expect(record.line == Int64(index + 1))
        }
        #expect(try reader.next() == nil)
    }

    @Test func `are written in pieces, the rest when it is asked for`() throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("", to: "records")
        let long = "\"" + String(repeating: "x", count: 10_000) + "\""
        let lines = try written(to: path) { writer in
            for _ in 0..<9 { _ = writer.send(TopicRegistry.quote, key: "k", value: long) }
            try #expect(RecordLineReader(path).next()?.topic == TopicRegistry.quote)
            try writer.flush()
            try writer.flush()
        }
        #expect(lines.count == 9)
        #expect(Set(lines).count == 1)
    }

    @Test func `say that the disk is full`() throws {
        let full = open("/dev/full", O_WRONLY)
        defer { close(full) }
        let writer = RecordLineWriter(descriptor: full)
        #expect(writer.send(TopicRegistry.trade, key: "k", value: "{}") == .accepted)
        try expectFailure(of: writer, "the records can't be written: No space left on device")
    }

    @Test func `say that their reader has left, and end nothing else`() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        defer { close(ends[1]) }
        let writer = RecordLineWriter(descriptor: ends[1])
        let long = "\"" + String(repeating: "x", count: 100_000) + "\""
        #expect(writer.send(TopicRegistry.trade, key: "k", value: long) == .lost)
        try expectFailure(of: writer, "the records can't be written: Broken pipe")
    }

    /// What was cut short stays cut, whatever is tried again.
    private func expectFailure(of writer: RecordLineWriter, _ text: String) throws {
        for _ in 0..<2 {
            let error = #expect(throws: RecordLineError.self) { try writer.flush() }
            #expect(error?.description == text)
            #expect(error?.exitCode == .output)
            #expect(writer.failure?.description == text)
            #expect(writer.send(TopicRegistry.trade, key: "k", value: "{}") == .lost)
        }
    }

    private func written(to path: String, _ body: (RecordLineWriter) throws -> Void) throws -> [String] {
        let descriptor = open(path, O_WRONLY)
        defer { close(descriptor) }
        try #require(descriptor >= 0)
        try body(RecordLineWriter(descriptor: descriptor))
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }
}

@Suite struct `A file of records` {
    @Test func `that is not there is an error that names it`() {
        let error = #expect(throws: RecordLineError.self) { _ = try RecordLineReader("/nowhere/records") }
        #expect(error?.description == "/nowhere/records: No such file or directory")
        #expect(error?.exitCode == .configuration)
    }

    @Test(arguments: [
        "{\"topic\":\"md.trade.v1\",\"key\":\"k\"}", "{\"value\":{}", "[]", "{\"value\":{}} x", "\u{0}?",
    ])
    func `that is none says in which line`(line: String) throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("{\"value\":null}\n\n\(line)\n", to: "records")
        let reader = try RecordLineReader(path)
        #expect(try reader.next()?.line == 1)
        let error = #expect(throws: RecordLineError.self) { try reader.next() }
        #expect(error?.description.hasPrefix("\(path), line 3: is no record as ") == true)
        #expect(error?.exitCode == .configuration)
    }

    @Test func `may be what tail wrote, of topics that nobody knows`() throws {
        let folder = try TemporaryDirectory()
        let line =
            #"{"topic":"other","partition":0,"offset":7,"timestamp_ms":12,"key":null,"value":"no \u00e9"}"#
        let path = try folder.write(line, to: "records")
        let record = try #require(try RecordLineReader(path).next())
        #expect(record.topic == nil && record.key == nil)
        #expect(record.value == Array("no é".utf8))
        #expect(record.publishedMicroseconds == 12_000)
    }

    @Test func `that is a folder can't be read`() throws {
        let folder = try TemporaryDirectory()
        let error = #expect(throws: RecordLineError.self) { _ = try RecordLineReader(folder.path).next() }
        #expect(error?.description == "\(folder.path): can't be read")
    }
}

extension RecordLineWriter {
    fileprivate func send(_ topic: TopicID, key: String, value: String?) -> SendOutcome {
        var key = key
        let value = value.map { Array($0.utf8) }
        return key.withUTF8 { key in
            func send(_ bytes: UnsafeRawBufferPointer?) -> SendOutcome {
                self.send(
                    OutboundRecord(
                        topic: topic,
                        stream: .none,
                        seq: 0,
                        key: UnsafeRawBufferPointer(key),
                        value: bytes,
                        venue: UnsafeRawBufferPointer(start: nil, count: 0),
                        timestampMilliseconds: 0
                    )
                )
            }
            guard let value else { return send(nil) }
            return value.withUnsafeBytes { send($0) }
        }
    }
}
