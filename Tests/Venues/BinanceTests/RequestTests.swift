// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import Testing
import VenueKit

@testable import Binance

/// What is sent to the venue, and what its refusals ask of us.
struct RequestTests {
    private let venue = BinanceVenue()

    private func streams(_ count: Int) -> [VenueStream] {
        (0..<count).map { number in
            VenueStream(
                instrument: InstrumentID(index: UInt32(number)),
                venueSymbol: "C\(number)USDT",
                channel: number.isMultiple(of: 2) ? .bbo : .trade,
                market: .spot
            )
        }
    }

    @Test func `a subscription reads as the sheet has it`() {
        let two = venue.subscribeFrames(streams(2), firstRequest: 1)
        #expect(
            two.map(\.text)
                == ["{\"method\":\"SUBSCRIBE\",\"params\":[\"c0usdt@bookTicker\",\"c1usdt@trade\"],\"id\":1}"]
        )
        #expect(two[0].request == 1)
        #expect(two[0].streams == streams(2))
        let one = venue.unsubscribeFrames(streams(1), firstRequest: 9)
        #expect(
            one.map(\.text) == ["{\"method\":\"UNSUBSCRIBE\",\"params\":[\"c0usdt@bookTicker\"],\"id\":9}"]
        )
        #expect(venue.subscribeFrames([], firstRequest: 1).isEmpty)
    }

    @Test(arguments: [1, 99, 100, 101, 200, 1001])
    func `subscriptions are split at a hundred, in order, each with the next id`(_ count: Int) {
        let frames = venue.subscribeFrames(streams(count), firstRequest: 40)
        #expect(frames.map(\.request) == (0..<((count + 99) / 100)).map { Int64(40 + $0) })
        #expect(frames.flatMap(\.streams) == streams(count))
        #expect(frames.allSatisfy { $0.streams.count <= 100 && $0.text.utf8.count < 4096 })
        #expect(frames.allSatisfy { $0.text.hasSuffix("\"id\":\($0.request)}") })
    }

    @Test func `futures quotes and trades have sockets of their own`() throws {
        for (market, channel, name, url) in [
            (MarketID.spot, Channel.bbo, "spot_ws", "wss://stream.binance.com:9443"),
            (.spot, .trade, "spot_ws", "wss://stream.binance.com:9443"),
            (.spot, .book, "spot_ws", "wss://stream.binance.com:9443"),
            (.spot, .candle, "spot_ws", "wss://stream.binance.com:9443"),
            (.usdm, .bbo, "usdm_public_ws", "wss://fstream.binance.com/public"),
            (.usdm, .book, "usdm_public_ws", "wss://fstream.binance.com/public"),
            (.usdm, .trade, "usdm_market_ws", "wss://fstream.binance.com/market"),
            (.usdm, .candle, "usdm_market_ws", "wss://fstream.binance.com/market"),
            (.usdm, .ticker, "usdm_market_ws", "wss://fstream.binance.com/market"),
            (.usdm, .funding, "usdm_market_ws", "wss://fstream.binance.com/market"),
            (.usdm, .liquidation, "usdm_market_ws", "wss://fstream.binance.com/market"),
            (.coinm, .bbo, "coinm_public_ws", "wss://fstream.binance.com/public"),
            (.coinm, .book, "coinm_public_ws", "wss://fstream.binance.com/public"),
            (.coinm, .trade, "coinm_market_ws", "wss://fstream.binance.com/market"),
            (.coinm, .funding, "coinm_market_ws", "wss://fstream.binance.com/market"),
        ] {
            let symbol = market == .coinm ? "BTCUSD_PERP" : "BTCUSDT"
            let instrument = try #require(BinanceSymbols.infer(symbol, market: market))
            #expect(venue.endpoint(for: channel, of: instrument) == name)
            let endpoint = try #require(venue.profile.endpoints.first { $0.name == name })
            #expect(endpoint.url == url && endpoint.socketPath == "/stream" && endpoint.market == market)
        }
    }

    @Test func `what a market does not stream has no socket`() throws {
        let spot = try #require(BinanceSymbols.infer("BTCUSDT", market: .spot))
        let swap = try #require(BinanceSymbols.infer("BTCUSDT", market: .usdm))
        for channel in [Channel.funding, .openInterest, .liquidation] {
            #expect(venue.endpoint(for: channel, of: spot) == nil)
        }
        #expect(venue.endpoint(for: .openInterest, of: swap) == nil)
    }

    @Test func `limits are within the documents`() {
        let profile = venue.profile
        #expect(profile.streamsPerConnection <= 200)
        #expect(profile.sendLimit.count <= 5 && profile.sendLimit.windowMilliseconds == 1000)
        #expect(profile.connectionLimit.count <= 300 && profile.connectionLimit.windowMilliseconds == 300_000)
        #expect(profile.connectionLifeMilliseconds == 86_400_000)
        guard case .serverPing = profile.heartbeat else {
            Issue.record("Binance pings by itself")
            return
        }
    }

    @Test func `refused answers name their time`() {
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        #expect(
            venue.verdict(status: 429, retryAfterSeconds: 7, body: empty) == .retry(afterMilliseconds: 7000)
        )
        #expect(
            venue.verdict(status: 418, retryAfterSeconds: nil, body: empty)
                == .retry(afterMilliseconds: 120_000)
        )
        #expect(
            venue.verdict(status: 418, retryAfterSeconds: .max, body: empty)
                == .retry(afterMilliseconds: 259_200_000)
        )
        #expect(
            venue.verdict(status: 429, retryAfterSeconds: -5, body: empty) == .retry(afterMilliseconds: 1000)
        )
        #expect(
            venue.verdict(status: 403, retryAfterSeconds: nil, body: empty)
                == .retry(afterMilliseconds: 60_000)
        )
        #expect(
            venue.verdict(status: 503, retryAfterSeconds: nil, body: empty) == .retry(afterMilliseconds: 1000)
        )
        #expect(venue.verdict(status: 400, retryAfterSeconds: nil, body: empty) == .refuse)
    }

    @Test(arguments: [
        (-1001, VenueVerdict.retry(afterMilliseconds: 1000)), (-1007, .retry(afterMilliseconds: 1000)),
        (-1008, .retry(afterMilliseconds: 1000)), (-1003, .retry(afterMilliseconds: 10_000)),
        (-1015, .retry(afterMilliseconds: 10_000)), (-1121, .refuse), (-1022, .refuse), (2, .refuse),
    ])
    func `an error's code decides`(_ code: Int, _ verdict: VenueVerdict) {
        #expect(BinanceErrors.verdict(code: Int64(code)) == verdict)
        var body = "{\"msg\":\"x\",\"code\":\(code)}"
        let seen = body.withUTF8 {
            venue.verdict(status: 400, retryAfterSeconds: nil, body: UnsafeRawBufferPointer($0))
        }
        #expect(seen == verdict)
    }

    @Test func `junk in an error's body is a refusal`() {
        for text in ["", "[]", "{", "{\"code\":[]}", "{\"code\":\"x\"}", "<html>", "{\"a\":1}"] {
            var body = text
            let seen = body.withUTF8 {
                venue.verdict(status: 404, retryAfterSeconds: nil, body: UnsafeRawBufferPointer($0))
            }
            #expect(seen == .refuse, "\(text)")
        }
    }
}
