// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import OrderBooks
import Secrets
import Signing
import Testing
import VenueKit

@testable import Coinbase

/// Subscriptions of both feeds, endpoints, refusals, and how books are kept.
struct RequestTests {
    private let exchange = CoinbaseVenue()
    private let advanced = CoinbaseVenue(api: .advanced)

    private func streams(_ products: String..., channels: [Channel]) -> [VenueStream] {
        products.enumerated().flatMap { number, product in
            channels.map {
                VenueStream(
                    instrument: InstrumentID(index: UInt32(number)),
                    venueSymbol: product,
                    channel: $0,
                    market: .coinbaseSpot,
                    interval: $0 == .candle ? CandleInterval(.minute5) : nil
                )
            }
        }
    }

    @Test func `Exchange is asked for many channels in one message, the book once for quote and book`() {
        let wanted = streams("BTC-USD", "ETH-USD", channels: [.trade, .bbo, .book, .ticker])
        let frames = exchange.subscribeFrames(wanted, firstRequest: 7)
        #expect(
            frames.map(\.text) == [
                """
                {"type":"subscribe","channels":[{"name":"matches","product_ids":["BTC-USD","ETH-USD"]},\
                {"name":"level2_batch","product_ids":["BTC-USD","ETH-USD"]},\
                {"name":"ticker","product_ids":["BTC-USD","ETH-USD"]},{"name":"heartbeat","product_ids":["BTC-USD"]}]}
                """
            ]
        )
        #expect(frames[0].request == 7 && Set(frames[0].streams) == Set(wanted))
        let gone = exchange.unsubscribeFrames(streams("BTC-USD", channels: [.trade]), firstRequest: 8)
        #expect(
            gone.map(\.text) == [
                "{\"type\":\"unsubscribe\",\"channels\":[{\"name\":\"matches\",\"product_ids\":[\"BTC-USD\"]}]}"
            ]
        )
        #expect(exchange.subscribeFrames([], firstRequest: 1).isEmpty)
    }

    @Test func `Advanced Trade is asked for one channel a message, heartbeats first`() {
        let frames = advanced.subscribeFrames(
            streams("BTC-USD", channels: [.trade, .bbo, .book, .candle]),
            firstRequest: 1
        )
        #expect(
            frames.map(\.text) == [
                "{\"type\":\"subscribe\",\"channel\":\"heartbeats\"}",
                "{\"type\":\"subscribe\",\"product_ids\":[\"BTC-USD\"],\"channel\":\"market_trades\"}",
                "{\"type\":\"subscribe\",\"product_ids\":[\"BTC-USD\"],\"channel\":\"level2\"}",
                "{\"type\":\"subscribe\",\"product_ids\":[\"BTC-USD\"],\"channel\":\"candles\"}",
            ]
        )
        #expect(frames.map(\.request) == [1, 2, 3, 4] && frames.map(\.streams.count) == [0, 1, 2, 1])
        #expect(advanced.unsubscribeFrames(streams("BTC-USD", channels: [.book]), firstRequest: 1).count == 1)
    }

    @Test func `a key puts a fresh token into each message, and is shown by nothing`() throws {
        let text = "k0BUni0p0vZG1BdpVjS6ogBJ7kxm630AJ2dN+tuputDOKsRAwgyrpEQLeBtS1znTmzPX6Xr2eOWpzx6nW8knkA=="
        let key = CoinbaseKey(
            name: "organizations/o/apiKeys/k",
            pair: try PrivateKey(ed25519: Secret(text.utf8)),
            now: { 1_700_000_000_000_000 }
        )
        let venue = CoinbaseVenue(api: .advanced, key: key)
        let frames = venue.subscribeFrames(streams("BTC-USD", channels: [.trade]), firstRequest: 1)
        let tokens = frames.compactMap { $0.text.split(separator: "\"jwt\":\"").last?.dropLast(2) }
        #expect(tokens.count == 2 && tokens[0] != tokens[1])
        #expect(tokens.allSatisfy { $0.split(separator: ".").count == 3 })
        #expect(Mirror(reflecting: key).children.isEmpty)
        let plain = CoinbaseVenue(key: key).subscribeFrames(
            streams("BTC-USD", channels: [.trade]),
            firstRequest: 1
        )
        #expect(!plain.map(\.text).joined().contains("jwt"))
    }

    @Test func `each feed carries what it has`() throws {
        let instrument = try #require(CoinbaseSymbols.infer("BTC-USD"))
        for channel in [Channel.trade, .bbo, .book, .ticker] {
            #expect(exchange.endpoint(for: channel, of: instrument) == "exchange_ws")
            #expect(advanced.endpoint(for: channel, of: instrument) == "advanced_ws")
        }
        #expect(exchange.endpoint(for: .candle, of: instrument) == nil)
        #expect(advanced.endpoint(for: .candle, of: instrument) == "advanced_ws")
        for channel in [Channel.funding, .openInterest, .liquidation] {
            #expect(advanced.endpoint(for: channel, of: instrument) == nil)
        }
        #expect(exchange.candleIntervals(.coinbaseSpot).isEmpty)
        #expect(advanced.candleIntervals(.coinbaseSpot).map(\.name) == ["5m"])
    }

    @Test func `a book has no numbers, is whole, and makes the quote`() throws {
        let product = try #require(CoinbaseSymbols.infer("BTC-USD"))
        let rules = try #require(exchange.bookRules(of: product))
        #expect(rules.source == .stream && rules.scope == .whole && rules.depth == nil && rules.makesQuotes)
        for number in [Int64.min, -1, 0, Int64.max] {
            #expect(rules.join(number, .none) == .next && rules.follow(number, .none) == .next)
        }
    }

    @Test(arguments: [
        (429, Int?.none, VenueVerdict.retry(afterMilliseconds: 1000)),
        (429, 7, .retry(afterMilliseconds: 7000)),
        (429, Int.max, .retry(afterMilliseconds: 86_400_000)), (503, nil, .retry(afterMilliseconds: 1000)),
        (404, nil, .refuse), (401, nil, .refuse), (400, nil, .refuse),
    ])
    func `an answer says what it asks of us`(_ status: Int, _ seconds: Int?, _ verdict: VenueVerdict) {
        let body = UnsafeRawBufferPointer(start: nil, count: 0)
        #expect(exchange.verdict(status: status, retryAfterSeconds: seconds, body: body) == verdict)
    }
}
