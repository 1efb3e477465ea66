// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Testing
import VenueKit

@Suite struct `A list of instruments` {
    private func rows(_ text: String, mayBeBare: Bool = false) throws -> [ListedFields] {
        let bytes = Array(text.utf8)
        return try bytes.withUnsafeBytes { bytes in
            try InstrumentList.rows(JSONName("data"), mayBeBare: mayBeBare, in: bytes, ListedFields.init)
        }
    }

    @Test func `is found by its name, whatever else is said`() throws {
        let text = #"{"code":"0","data":[{"a":"1"},{"a":"2"}],"more":[{"a":"3"}]}"#
        #expect(try rows(text).map { $0["a"] } == ["1", "2"])
        #expect(try rows(#"{"code":"0"}"#).isEmpty)
    }

    @Test func `may be the whole answer where the venue says so`() throws {
        #expect(try rows(#"[{"a":1}]"#, mayBeBare: true).map { $0["a"] } == ["1"])
        #expect(try rows(#"{"data":[{"a":1}]}"#, mayBeBare: true).map { $0["a"] } == ["1"])
        #expect(throws: DecodeError.self) { try rows(#"[{"a":1}]"#) }
    }

    @Test(arguments: ["", "{", "7", #"{"data":{}}"#, #"{"data":[1]}"#, #"{"data":[]} {}"#])
    func `that is none is refused`(text: String) {
        #expect(throws: DecodeError.self) { try rows(text) }
    }

    @Test func `has fields that are read one by one, so that an odd one costs no other`() throws {
        let text =
            #"{"data":[{"none":null,"empty":"","odd":"x","late":"9223372036854775","step":0.10,"in":{"a":1}}]}"#
        let row = try #require(try rows(text).first)
        #expect(row["none"] == nil && row["empty"] == nil && row["in"] == nil && row["other"] == nil)
        #expect(row["odd"] == "x" && row.decimal("odd") == nil && row.microseconds("odd") == nil)
        #expect(row.decimal("step")?.description == "0.1")
        #expect(row.microseconds("late") == 9_223_372_036_854_775_000)
        let later = try rows(#"{"data":[{"late":"9223372036854776"}]}"#)
        #expect(later.first?.microseconds("late") == nil)
    }
}
