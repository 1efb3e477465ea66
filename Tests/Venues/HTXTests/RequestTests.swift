// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import OrderBooks
import Testing
import VenueKit

@testable import HTX

/// What HTX is asked, where, and by which rules books are kept.
struct RequestTests {
    private let venue = HTXVenue()

    private func stream(
        _ name: String,
        _ channel: Channel,
        interval: CandleInterval? = nil,
        isReference: Bool = false
    ) throws -> VenueStream {
        let instrument = try #require(HTXSymbols.infer(name))
        return VenueStream(
            instrument: InstrumentID(index: 0),
            venueSymbol: name,
            channel: channel,
            market: instrument.market,
            interval: interval,
            isReference: isReference
        )
    }

    @Test func `one topic a message, each with an id`() throws {
        let streams = [
            try stream("btcusdt", .trade), try stream("btcusdt", .book), try stream("BTC-USDT", .book),
            try stream("BTC-USDT", .candle, interval: CandleInterval(.day1, zoneHours: 8)),
            try stream("BTC-USDT", .ticker), try stream("BTC-USDT", .funding),
        ]
        let frames = venue.subscribeFrames(streams, firstRequest: 5)
        #expect(
            frames.map(\.text) == [
                #"{"sub":"market.btcusdt.trade.detail","id":"5"}"#,
                #"{"sub":"market.btcusdt.mbp.150","id":"6"}"#,
                #"{"sub":"market.BTC-USDT.depth.size_150.high_freq","data_type":"incremental","id":"7"}"#,
                #"{"sub":"market.BTC-USDT.kline.1day","id":"8"}"#,
                #"{"sub":"market.BTC-USDT.detail","id":"9"}"#,
                #"{"op":"sub","cid":"10","topic":"public.BTC-USDT.funding_rate"}"#,
            ]
        )
        #expect(frames.map(\.request) == Array(5...10))
        #expect(frames.map(\.streams) == streams.map { [$0] })
        #expect(
            venue.unsubscribeFrames([streams[2], streams[5]], firstRequest: 1).map(\.text) == [
                #"{"unsub":"market.BTC-USDT.depth.size_150.high_freq","id":"1"}"#,
                #"{"op":"unsub","cid":"2","topic":"public.BTC-USDT.funding_rate"}"#,
            ]
        )
    }

    @Test func `a coin's liquidations are one topic for all of its dated contracts`() throws {
        let streams = [try stream("BTC210924", .liquidation), try stream("BTC211231", .liquidation)]
        let frames = venue.subscribeFrames(streams, firstRequest: 1)
        #expect(frames.map(\.text) == [#"{"op":"sub","cid":"1","topic":"public.BTC.liquidation_orders"}"#])
        #expect(frames.first?.streams == streams)
        #expect(venue.unsubscribeFrames([streams[0]], firstRequest: 1).isEmpty)
    }

    @Test func `funding is completed by mark and index of the index socket`() throws {
        let swap = try #require(HTXSymbols.infer("BTC-USD"))
        #expect(venue.endpoint(for: .funding, of: swap) == "inverse_notification_ws")
        #expect(venue.referenceEndpoint(for: .funding, of: swap) == "index_ws")
        #expect(venue.referenceEndpoint(for: .trade, of: swap) == nil)
        let reference = try stream("BTC-USD", .funding, isReference: true)
        #expect(
            venue.subscribeFrames([reference], firstRequest: 1).map(\.text) == [
                #"{"sub":"market.BTC-USD.index.1min","id":"1"}"#,
                #"{"sub":"market.BTC-USD.mark_price.1min","id":"2"}"#,
            ]
        )
    }

    @Test func `every channel has its socket, or none`() throws {
        let names = Set(venue.profile.endpoints.map(\.name))
        for name in ["btcusdt", "BTC-USDT", "BTC-USDT-211210", "BTC-USD", "BTC210924"] {
            let instrument = try #require(HTXSymbols.infer(name))
            for channel in Channel.allCases {
                guard let endpoint = venue.endpoint(for: channel, of: instrument) else { continue }
                #expect(names.contains(endpoint))
            }
            let isFunded = instrument.kind == .linearPerpetual || instrument.kind == .inversePerpetual
            #expect((venue.endpoint(for: .funding, of: instrument) != nil) == isFunded)
            #expect((venue.endpoint(for: .liquidation, of: instrument) != nil) == (instrument.kind != .spot))
            #expect(venue.endpoint(for: .openInterest, of: instrument) == nil)
        }
        let spot = try #require(HTXSymbols.infer("btcusdt"))
        #expect(venue.endpoint(for: .book, of: spot) == "spot_feed_ws")
    }

    @Test func `names give instruments, aliases none`() {
        #expect(HTXSymbols.infer("btcusdt")?.symbol == "BTC-USDT")
        #expect(HTXSymbols.infer("btctusd")?.symbol == "BTC-TUSD")
        #expect(HTXSymbols.infer("BTC-USDT")?.symbol == "BTC-USDT-PERP")
        #expect(HTXSymbols.infer("BTC-USD")?.symbol == "BTC-USD-PERP")
        #expect(HTXSymbols.infer("BTC-USDT-211210")?.symbol == "BTC-USDT-20211210")
        #expect(HTXSymbols.infer("BTC210924")?.symbol == "BTC-USD-20210924")
        for name in [
            "BTC_CQ", "BTC-USDT-CQ", "usdt", "BTC-USDT-211310", "", "a b", "BTC-USDT-C-1", "BTCUSDT",
        ] {
            #expect(HTXSymbols.infer(name) == nil, "\(name)")
        }
    }

    @Test func `the spot recipe joins a snapshot by prevSeqNum`() throws {
        let rules = try #require(HTXSymbols.infer("btcusdt").flatMap(venue.bookRules))
        #expect(rules.source == .request && rules.scope == .window && rules.depth == 150)
        func push(_ previous: Int64, _ last: Int64) -> BookSequence {
            BookSequence(last: last, previous: previous)
        }
        #expect(rules.join(100, push(98, 99)) == .stale)
        #expect(rules.join(100, push(99, 102)) == .stale)
        #expect(rules.join(100, push(100, 103)) == .next)
        #expect(rules.join(100, push(101, 103)) == .gap)
        #expect(rules.follow(100, push(100, 103)) == .next)
        #expect(rules.follow(100, push(101, 103)) == .gap)
        #expect(rules.follow(100, push(97, 98)) == .stale)
        let request = venue.bookRequest(try stream("btcusdt", .book), request: 9)
        #expect(request?.text == #"{"req":"market.btcusdt.mbp.150","id":"9"}"#)
        #expect(venue.bookRequest(try stream("BTC-USDT", .book), request: 9) == nil)
    }

    @Test func `contracts count versions, whole books by mrid`() throws {
        let rules = try #require(HTXSymbols.infer("BTC-USDT").flatMap(venue.bookRules))
        #expect(rules.source == .stream)
        #expect(rules.follow(7, BookSequence(first: 8, last: 8)) == .next)
        #expect(rules.follow(7, BookSequence(first: 9, last: 9)) == .gap)
        #expect(rules.follow(7, BookSequence(first: 7, last: 7)) == .stale)
        #expect(rules.follow(7, BookSequence(last: 12)) == .next)
        #expect(rules.follow(7, BookSequence(last: 7)) == .stale)
        #expect(rules.follow(7, BookSequence(last: 5)) == .gap)
        #expect(rules.follow(7, BookSequence(first: HTXBookSync.anyNumber, last: 3)) == .next)
        for number in [Int64.min, Int64.max, 0, -1] {
            _ = rules.follow(number, BookSequence(first: number, last: number, previous: number))
            _ = rules.join(number, BookSequence(first: number, last: number, previous: number))
        }
    }

    @Test func `an answer's status and code decide what to do`() {
        func verdict(_ status: Int, _ body: String, after: Int? = nil) -> VenueVerdict {
            Array(body.utf8).withUnsafeBytes {
                venue.verdict(status: status, retryAfterSeconds: after, body: $0)
            }
        }
        #expect(verdict(429, "") == .retry(afterMilliseconds: 2000))
        #expect(verdict(429, "", after: 7) == .retry(afterMilliseconds: 7000))
        #expect(verdict(503, "") == .retry(afterMilliseconds: 1000))
        #expect(
            verdict(200, #"{"status":"error","err-code":"invalid-parameter","err-msg":"invalid symbol"}"#)
                == .refuse
        )
        #expect(
            verdict(200, #"{"status":"error","err_code":1032,"err_msg":"x"}"#)
                == .retry(afterMilliseconds: 2000)
        )
        #expect(verdict(200, "nonsense") == .refuse)
    }
}
