// Part of MarketBus. Apache License 2.0, see LICENSE.

import AllocationCount
import JSONView
import Lifecycle
import Models
import Testing

@testable import VenueKit

@Suite struct SentinelTests {
    private static let sheet = FrameSheet(
        words: [FrameWord("arg.channel", endsAtDigit: true)],
        checksums: ["data[].checksum"],
        shapes: """
            * channel=trades {arg:{channel:s instId:s} data:[{px:s sz:s seqId?:n}]}
            * channel=books {arg:{channel:s} data:[{asks:[(s s n)] checksum?:n}]}
            spot,linear channel=bbo {arg:{channel:s}
              data:[{bid:s|0}]}
            """
    )
    private static let trade =
        #"{"arg":{"channel":"trades","instId":"A"},"data":[{"px":"1","sz":"2","seqId":3}]}"#
    private let bench = DriftBench(Self.sheet)

    @Test func `a frame as documented is nothing to tell, in whatever order and without what may be missing`()
    {
        bench.see(Self.trade)
        bench.see(
            #"{"data":[{"sz":"2","px":"1"},{"px":"1","seqId":1,"sz":"2"}],"arg":{"instId":"A","channel":"trades"}}"#
        )
        bench.see(#"{"arg":{"channel":"trades","instId":"A"},"data":[]}"#)
        #expect(bench.found == [])
    }

    @Test func `a new field is told with its path, and what is in it is not`() {
        bench.see(
            #"{"arg":{"channel":"trades","instId":"A"},"data":[{"px":"1","sz":"2","zz":{"a":1,"b":[2]}}],"v":2}"#
        )
        #expect(
            bench.found == [
                "new_field channel=trades: data[].zz: object is new",
                "new_field channel=trades: v: number is new",
            ]
        )
    }

    @Test func `a vanished field is told where its parent is there`() {
        bench.see(#"{"arg":{"channel":"trades","instId":"A"},"data":[{"px":"1"}]}"#)
        bench.see(#"{"arg":{"channel":"trades","instId":"A"}}"#)
        #expect(
            bench.found == [
                "vanished_field channel=trades: data[].sz: string is missing",
                "vanished_field channel=trades: data: array is missing",
            ]
        )
    }

    @Test func `another type is told, null among them`() {
        bench.see(#"{"arg":{"channel":"trades","instId":"A"},"data":[{"px":1,"sz":null}]}"#)
        bench.see(#"{"arg":{"channel":"bbo"},"data":[{"bid":null},{"bid":"1"}]}"#, MarketID("spot"))
        #expect(
            bench.found == [
                "retyped_field channel=trades: data[].px: string -> number",
                "retyped_field channel=trades: data[].sz: string -> null",
            ]
        )
    }

    @Test func `the places of a row differ, and a row may be too long or too short`() {
        bench.see(#"{"arg":{"channel":"books5"},"data":[{"asks":[["1","2",3]]}]}"#)
        #expect(bench.found == [])
        bench.see(#"{"arg":{"channel":"books"},"data":[{"asks":[["1",2,3,"4"]]}]}"#)
        bench.see(#"{"arg":{"channel":"books"},"data":[{"asks":[["1","2"]]}]}"#)
        #expect(
            bench.found == [
                "retyped_field channel=books: data[].asks[][1]: string -> number",
                "new_field channel=books: data[].asks[][3]: string is new",
                "vanished_field channel=books: data[].asks[][2]: number is missing",
            ]
        )
    }

    @Test func `ten thousand changed frames are told once`() {
        for number in 0..<10_000 {
            bench.see(
                #"{"arg":{"channel":"trades","instId":"A"},"data":[{"px":"\#(number)","sz":"2","zz":1}]}"#
            )
        }
        #expect(bench.found == ["new_field channel=trades: data[].zz: number is new"])
        #expect(bench.sentinel.untold == 0)
    }

    @Test func `an undocumented kind is told once, learned from its first frames, and watched from then on`()
    {
        for number in 0..<KnownShape.lessons {
            bench.see(#"{"arg":{"channel":"odd"},"x":1\#(number % 2 == 0 ? #","y":"a""# : "")}"#)
        }
        #expect(bench.found == ["new_kind channel=odd: no document shows it; its keys: arg, x, y"])
        bench.see(#"{"arg":{"channel":"odd"},"x":"1"}"#)
        bench.see(#"{"arg":{"channel":"odd"}}"#)
        #expect(
            bench.found.dropFirst() == [
                "retyped_field channel=odd: x: number -> string",
                "vanished_field channel=odd: x: number is missing",
            ]
        )
    }

    @Test func `a kind is a market's own where the sheet says so`() {
        bench.see(#"{"arg":{"channel":"bbo"},"data":[]}"#, MarketID("linear"))
        #expect(bench.found == [])
        bench.see(#"{"arg":{"channel":"bbo"},"data":[]}"#, MarketID("inverse"))
        #expect(bench.found == ["new_kind inverse channel=bbo: no document shows it; its keys: arg, data"])
    }

    @Test func `a venue without documents has no new kinds, but its frames may change`() {
        let bench = DriftBench(FrameSheet())
        for _ in 0...KnownShape.lessons { bench.see(#"{"a":1}"#) }
        #expect(bench.found == [])
        bench.see(#"{"a":"1"}"#)
        #expect(bench.found == ["retyped_field a: a: number -> string"])
    }

    @Test func `kinds and changes beyond the limits are counted`() {
        for number in 0..<1000 {
            bench.see(
                #"{"arg":{"channel":"k\#(String(UnicodeScalar(UInt8(97 + number % 26))))\#(letters(number))"}}"#
            )
            bench.see(#"{"arg":{"channel":"trades","instId":"A"},"data":[],"z\#(number)":1}"#)
        }
        #expect(bench.found.count == DriftSentinel.reportLimit)
        #expect(bench.sentinel.untold == UInt64(2000 - DriftSentinel.reportLimit))
    }

    private func letters(_ number: Int) -> String {
        String(
            String(number).map {
                Character(UnicodeScalar(UInt8(ascii: "a") + UInt8($0.wholeNumberValue ?? 0)))
            }
        )
    }

    @Test func `a checksum that is always zero is told, one that sometimes is not`() {
        func book(_ sum: Int) {
            bench.see(#"{"arg":{"channel":"books"},"data":[{"asks":[],"checksum":\#(sum)}]}"#)
        }
        for _ in 1..<DriftSentinel.zeroChecksums { book(0) }
        #expect(bench.found == [])
        book(0)
        book(0)
        #expect(
            bench.found == [
                "checksum_zero channel=books: the checksum was 0 in all 16 frames that were looked at"
            ]
        )
        let other = DriftBench(Self.sheet)
        for number in 0..<100 {
            other.see(
                #"{"arg":{"channel":"books"},"data":[{"asks":[],"checksum":\#(number == 3 ? -5 : 0)}]}"#
            )
        }
        #expect(other.found == [])
    }

    @Test func `what is no JSON says nothing, and what is deep or wide is left out`() {
        for text in ["", "pong", "{", #"{"a":"#, "[1,2", #"{"a":1}}"#, "\u{0}", "nul", #"{"a" 1}"#, "7"] {
            bench.see(text)
        }
        #expect(bench.found == [])
        bench.see(String(repeating: "[", count: 2000) + String(repeating: "]", count: 2000))
        let wide = (0..<2000).map { #""k\#($0)":1"# }.joined(separator: ",")
        bench.see("{\(wide)}")
        #expect(bench.found.count == 2)
    }

    @Test(.enabled(if: AllocationCounter.isAvailable, "no allocation counter under a sanitizer"))
    func `looking at frames that are as before allocates nothing`() {
        var text = Self.trade
        let padded = text.withUTF8 { Array($0) } + [UInt8](repeating: 0, count: JSONScanner.padding)
        let count = padded.count - JSONScanner.padding
        let sentinel = bench.sentinel
        padded.withUnsafeBytes { bytes in
            let frame = FrameBytes(UnsafeRawBufferPointer(rebasing: bytes[..<count]), readable: padded.count)
            let market = MarketID("spot")
            for _ in 0..<10 { sentinel.look(frame, market) { _ in } }
            let allocations = AllocationCounter.count {
                for _ in 0..<1000 { sentinel.look(frame, market) { _ in } }
            }
            #expect(allocations == 0)
        }
    }

    @Test func `of a busy connection one frame in 256 is looked at, of a rare sort one a second`() {
        var sampler = DriftSampler()
        let batch = EventBatch()
        var now = MonotonicNanos(1_000_000_000_000)
        var looks = 0
        for _ in 0..<100_000 {
            if sampler.chooses(batch, isUnread: false, now) { looks += 1 }
            now = now.advanced(milliseconds: 0)
        }
        #expect(looks == 16 + 100_000 / 256)
        for _ in 0..<5 {
            now = now.advanced(milliseconds: 100)
            let isFirst = sampler.chooses(batch, isUnread: false, now)
            let isSecond = sampler.chooses(batch, isUnread: false, now)
            #expect(isFirst && !isSecond)
        }
        let isUnread = sampler.chooses(batch, isUnread: true, now)
        #expect(isUnread)
    }
}
