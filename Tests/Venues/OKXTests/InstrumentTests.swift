// Part of MarketBus. Apache License 2.0, see LICENSE.

import AllocationCount
import Foundation
import Models
import OKX
import Testing
import VenueKit
import VenueTestKit

/// Instrument lists: the sheet's samples, odd ones, and the recorded ones where they are.
struct InstrumentTests {
    private static let spot = """
        {"instType":"SPOT","instId":"BTC-USDT","baseCcy":"BTC","quoteCcy":"USDT","settleCcy":"","tickSz":"0.1",\
        "lotSz":"0.00000001","minSz":"0.00001","maxLmtSz":"9999999999","ctVal":"","ctMult":"","ctType":"",\
        "state":"live","ruleType":"normal","listTime":"1606468572000","expTime":"","lever":"10","upcChg":[{"a":1}]}
        """
    private static let swap = """
        {"instType":"SWAP","instId":"BTC-USDT-SWAP","instFamily":"BTC-USDT","uly":"BTC-USDT","baseCcy":"","quoteCcy":"",\
        "settleCcy":"USDT","ctVal":"0.01","ctMult":"1","ctValCcy":"BTC","ctType":"linear","tickSz":"0.1","lotSz":"0.01",\
        "minSz":"0.01","lever":"100","state":"live","listTime":"1573557408000","expTime":"","instIdCode":10459}
        """
    private static let dated = """
        {"instType":"FUTURES","instId":"BTC-USD-261225","settleCcy":"BTC","ctVal":"100","ctMult":"1","ctType":"inverse",\
        "tickSz":"0.1","lotSz":"1","minSz":"1","state":"preopen","expTime":"1798185600000"}
        """

    private func list(_ rows: String...) throws -> [Instrument] {
        try answer("{\"code\":\"0\",\"msg\":\"\",\"data\":[\(rows.joined(separator: ","))]}")
    }

    private func answer(_ text: String) throws -> [Instrument] {
        var copy = text
        return try copy.withUTF8 {
            try OKXVenue().instruments(from: UnsafeRawBufferPointer($0), market: nil)
        }
    }

    @Test func `the samples`() throws {
        let found = try list(Self.spot, Self.swap, Self.dated)
        #expect(found.map(\.symbol) == ["BTC-USDT", "BTC-USDT-PERP", "BTC-USD-20261225"])
        #expect(found.map(\.kind) == [.spot, .linearPerpetual, .inverseFuture])
        #expect(found.map(\.market) == [.okxSpot, .okxSwap, .okxFutures])
        #expect(found.map(\.settle) == ["USDT", "USDT", "BTC"])
        #expect(found.map { $0.contractSize?.description } == [nil, "0.01", "100"])
        #expect(found.map { $0.lotSize?.description } == ["0.00000001", "0.01", "1"])
        #expect(found.map { $0.tickSize?.description } == ["0.1", "0.1", "0.1"])
        #expect(found.map(\.status) == [.trading, .trading, .preTrading])
        #expect(found.map(\.expiryMicroseconds) == [nil, nil, 1_798_185_600_000_000])
        #expect(found.map { $0.makerFee?.description } == ["0.0008", "0.0002", "0.0002"])
        #expect(found.map { $0.takerFee?.description } == ["0.001", "0.0005", "0.0005"])
    }

    @Test func `a contract's size is value times multiplier, and its kind the list's word`() throws {
        let odd = FrameText(Self.swap).with("ctMult", "\"10\"").with("ctType", "\"inverse\"")
            .with("settleCcy", "\"BTC\"")
        let one = try #require(try list(odd.description).first)
        #expect(
            one.contractSize?.description == "0.1" && one.kind == .inversePerpetual && one.settle == "BTC"
        )
        let plain = try #require(try list(FrameText(Self.swap).with("ctMult", "\"\"").description).first)
        #expect(plain.contractSize?.description == "0.01")
        let none = try #require(try list(FrameText(Self.swap).with("ctVal", "[]").description).first)
        #expect(none.contractSize == nil)
    }

    @Test func `odd rows and options cost none of the others`() throws {
        let option = FrameText(Self.dated).with("instId", "\"BTC-USD-220325-40000-C\"").with(
            "instType",
            "\"OPTION\""
        )
        let far = FrameText(Self.dated).with("expTime", "\"9223372036854775807\"").description
        let found = try list(option.description, "{}", "{\"instId\":{}}", far, Self.spot)
        #expect(found.map(\.symbol) == ["BTC-USD-20261225", "BTC-USDT"])
        #expect(found[0].expiryMicroseconds == nil)
    }

    @Test func `a list that is cut or none at all is an error`() throws {
        let text = "{\"code\":\"0\",\"msg\":\"\",\"data\":[\(Self.swap)]}"
        let bytes = Array(text.utf8)
        for length in stride(from: 0, to: bytes.count, by: 5) {
            #expect(throws: DecodeError.self) {
                try self.answer(String(decoding: bytes[..<length], as: UTF8.self))
            }
        }
        #expect(throws: DecodeError.self) { try self.answer("[]") }
        #expect(throws: DecodeError.self) { try self.answer("{\"data\":{}}") }
        #expect(try answer("{\"code\":\"50011\",\"msg\":\"\",\"data\":[]}").isEmpty)
    }

    @Test func `each market has its own list`() {
        let venue = OKXVenue()
        let calls = venue.instrumentCalls(markets: [.okxSpot, .okxSwap, .okxFutures, MarketID("option")])
        #expect(
            calls.map(\.path)
                == ["SPOT", "SWAP", "FUTURES"].map { "/api/v5/public/instruments?instType=\($0)" }
        )
        #expect(calls.allSatisfy { venue.isInstrumentList(url: "https://www.okx.com" + $0.path) })
    }

    @Test(.enabled(if: RecordedData.folder != nil, "MARKETBUS_RECORDED_DATA is not set"))
    func `the recorded lists are read whole, options left out`() throws {
        let bodies = try RecordedData.bodies("okx/rest/instruments.cryptofeed.jsonl")
        #expect(bodies.count == 5)
        for (body, market) in zip(bodies, [MarketID.okxSpot, .okxSwap, .okxFutures]) {
            let found = try answer(body)
            #expect(found.count == body.components(separatedBy: "\"instId\":").count - 1)
            #expect(found.allSatisfy { $0.market == market && $0.tickSize != nil && $0.minSize != nil })
            #expect(found.allSatisfy { ($0.contractSize != nil) == (market != .okxSpot) })
            #expect(found.allSatisfy { ($0.expiryMicroseconds != nil) == (market == .okxFutures) })
        }
        for body in bodies[3...] { #expect(try answer(body).isEmpty) }
    }

    @Test(
        .enabled(if: AllocationCounter.isAvailable, "no allocation counter under a sanitizer"),
        arguments: Frames.all
    )
    func `a frame of a running stream allocates nothing`(_ sample: Sample) {
        let isTrade = sample.required.contains("tradeId")
        let frames = (0..<600).map { number in
            let row = FrameText(sample.row)
            let next =
                isTrade ? row.with("tradeId", "\"\(number + 1)\"") : row.with("seqId", String(number + 1))
            return sample.frame(rows: next.description)
        }
        let path = HotPath(OKXVenue(), market: nil, frames: frames, instruments: Frames.bench().instruments)
        path.run(0..<100)
        let count = AllocationCounter.count { path.run(100..<600) }
        #expect(count == 0)
        #expect(path.records == 600 && path.failures == 0)
    }
}
