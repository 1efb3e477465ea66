// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import OrderBooks
import Testing
import VenueKit

@testable import OKX

/// Names, subscriptions, refusals, signatures, and how books are joined.
struct RequestTests {
    private let venue = OKXVenue()

    @Test(arguments: [
        ("BTC-USDT", "BTC-USDT", InstrumentKind.spot, "USDT"),
        ("BTC-USD", "BTC-USD", .spot, "USD"),
        ("BTC-USDT-SWAP", "BTC-USDT-PERP", .linearPerpetual, "USDT"),
        ("BTC-USDC-SWAP", "BTC-USDC-PERP", .linearPerpetual, "USDC"),
        ("BTC-USD-SWAP", "BTC-USD-PERP", .inversePerpetual, "BTC"),
        ("BTC-USDT-261225", "BTC-USDT-20261225", .linearFuture, "USDT"),
        ("BTC-USD-261225", "BTC-USD-20261225", .inverseFuture, "BTC"),
        ("1INCH-USDT", "1INCH-USDT", .spot, "USDT"),
        ("币安人生-USDT-SWAP", "币安人生-USDT-PERP", .linearPerpetual, "USDT"),
    ])
    func `a name says what is traded`(
        _ name: String,
        _ symbol: String,
        _ kind: InstrumentKind,
        _ settle: String
    ) {
        let instrument = OKXSymbols.infer(name)
        #expect(instrument?.symbol == symbol && instrument?.venueSymbol == name)
        #expect(instrument?.kind == kind && instrument?.settle == settle)
    }

    @Test(arguments: [
        "", "BTC", "BTC-", "-USDT", "BTC--SWAP", "BTC-USDT-", "BTC-USDT-26122", "BTC-USDT-261332",
        "BTC-USDT-swap",
        "BTC-USDT-SWAP-X", "BTC-USD-220325-40000-C", "BT C-USDT", "BT\"C-USDT", "BTC/USDT", "[",
    ])
    func `other names say nothing`(_ name: String) {
        #expect(OKXSymbols.infer(name) == nil)
        #expect(OKXSymbols.isOption(name) == (name == "BTC-USD-220325-40000-C"))
    }

    private func streams(_ count: Int) -> [VenueStream] {
        (0..<count).map { number in
            VenueStream(
                instrument: InstrumentID(index: UInt32(number)),
                venueSymbol: "C\(number)-USDT",
                channel: number.isMultiple(of: 2) ? .bbo : .trade,
                market: .okxSpot
            )
        }
    }

    @Test func `a subscription reads as the sheet has it`() {
        let two = venue.subscribeFrames(streams(2), firstRequest: 1512)
        #expect(
            two.map(\.text) == [
                """
                {"id":"1512","op":"subscribe","args":[{"channel":"bbo-tbt","instId":"C0-USDT"},\
                {"channel":"trades","instId":"C1-USDT"}]}
                """
            ]
        )
        #expect(two[0].request == 1512 && two[0].streams == streams(2))
        #expect(
            venue.unsubscribeFrames(streams(1), firstRequest: 9).map(\.text)
                == [
                    "{\"id\":\"9\",\"op\":\"unsubscribe\",\"args\":[{\"channel\":\"bbo-tbt\",\"instId\":\"C0-USDT\"}]}"
                ]
        )
        #expect(venue.subscribeFrames([], firstRequest: 1).isEmpty)
        func name(_ channel: Channel) -> String {
            let stream = VenueStream(
                instrument: InstrumentID(index: 0),
                venueSymbol: "BTC-USDT",
                channel: channel,
                market: .okxSpot
            )
            return venue.channelName(of: stream)
        }
        #expect(name(.trade) == "trades" && name(.bbo) == "bbo-tbt")
    }

    @Test(arguments: [1, 299, 300, 301, 2500])
    func `subscriptions are split below 64 KB, in order, each with the next id`(_ count: Int) {
        let frames = venue.subscribeFrames(streams(count), firstRequest: 40)
        #expect(frames.map(\.request) == (0..<((count + 299) / 300)).map { Int64(40 + $0) })
        #expect(frames.flatMap(\.streams) == streams(count))
        #expect(frames.allSatisfy { $0.text.utf8.count < 65_536 })
    }

    @Test func `the profile is the documents'`() throws {
        let profile = venue.profile
        #expect(profile.connectionLimit.count == 3 && profile.connectionLimit.windowMilliseconds == 1000)
        #expect(profile.sendLimit.count <= 480 && profile.sendLimit.windowMilliseconds == 3_600_000)
        guard case .clientText("ping", "pong", let after) = profile.heartbeat else {
            Issue.record("OKX wants a text ping")
            return
        }
        #expect(after < 30_000)
        let swap = try #require(OKXSymbols.infer("BTC-USDT-SWAP"))
        for channel in Channel.allCases where channel != .candle {
            let name = venue.endpoint(for: channel, of: swap)
            let endpoint = try #require(profile.endpoints.first { $0.name == name })
            #expect(endpoint.url == "wss://ws.okx.com/ws/v5/public")
        }
        #expect(venue.market(shownBy: "wss://ws.okx.com/ws/v5/public") == nil)
    }

    @Test(arguments: [
        ("50011", VenueVerdict.retry(afterMilliseconds: 2000)), ("50061", .retry(afterMilliseconds: 2000)),
        ("60014", .retry(afterMilliseconds: 2000)), ("50001", .retry(afterMilliseconds: 1000)),
        ("50013", .retry(afterMilliseconds: 1000)), ("50026", .retry(afterMilliseconds: 1000)),
        ("64008", .reconnect), ("60018", .refuse), ("60012", .refuse), ("51001", .refuse), ("", .refuse),
    ])
    func `an error's code decides, whatever the status`(_ code: String, _ verdict: VenueVerdict) {
        #expect(OKXErrors.verdict(code: code) == verdict)
        var body = "{\"msg\":\"x\",\"data\":[],\"code\":\"\(code)\"}"
        body.withUTF8 {
            let bytes = UnsafeRawBufferPointer($0)
            #expect(venue.verdict(status: 200, retryAfterSeconds: nil, body: bytes) == verdict)
            #expect(
                venue.verdict(status: 429, retryAfterSeconds: nil, body: bytes)
                    == .retry(afterMilliseconds: 2000)
            )
            #expect(
                venue.verdict(status: 429, retryAfterSeconds: 5, body: bytes)
                    == .retry(afterMilliseconds: 5000)
            )
            #expect(
                venue.verdict(status: 502, retryAfterSeconds: nil, body: bytes)
                    == .retry(afterMilliseconds: 1000)
            )
        }
    }

    @Test func `junk in an error's body is a refusal`() {
        for text in ["", "[]", "{", "{\"code\":[]}", "<html>", "{\"a\":1}"] {
            var body = text
            let seen = body.withUTF8 {
                venue.verdict(status: 404, retryAfterSeconds: nil, body: UnsafeRawBufferPointer($0))
            }
            #expect(seen == .refuse)
        }
    }

    @Test func `what an instrument has not has no socket`() throws {
        let spot = try #require(OKXSymbols.infer("BTC-USDT"))
        let swap = try #require(OKXSymbols.infer("BTC-USDT-SWAP"))
        let dated = try #require(OKXSymbols.infer("BTC-USDT-261225"))
        #expect(venue.endpoint(for: .candle, of: swap) == "business_ws")
        for channel in [Channel.funding, .openInterest, .liquidation] {
            #expect(venue.endpoint(for: channel, of: spot) == nil)
        }
        #expect(venue.endpoint(for: .funding, of: dated) == nil)
        #expect(venue.endpoint(for: .openInterest, of: dated) == "public_ws")
        #expect(venue.endpoint(for: .liquidation, of: dated) == "public_ws")
    }

    private func stream(
        _ symbol: String,
        _ channel: Channel,
        _ market: MarketID = .okxSwap,
        _ interval: CandleInterval? = nil
    ) -> VenueStream {
        VenueStream(
            instrument: InstrumentID(index: 0),
            venueSymbol: symbol,
            channel: channel,
            market: market,
            interval: interval
        )
    }

    @Test func `funding comes with its mark price and its index`() {
        let streams = [stream("BTC-USDT-SWAP", .funding)]
        let own = """
            {"channel":"funding-rate","instId":"BTC-USDT-SWAP"},{"channel":"mark-price","instId":"BTC-USDT-SWAP"}
            """
        let index = ",{\"channel\":\"index-tickers\",\"instId\":\"BTC-USDT\"}"
        #expect(
            venue.subscribeFrames(streams, firstRequest: 4).map(\.text)
                == ["{\"id\":\"4\",\"op\":\"subscribe\",\"args\":[\(own)\(index)]}"]
        )
        #expect(
            venue.unsubscribeFrames(streams, firstRequest: 5).map(\.text)
                == ["{\"id\":\"5\",\"op\":\"unsubscribe\",\"args\":[\(own)]}"]
        )
        #expect(venue.channelName(of: streams[0]) == "funding-rate")
    }

    @Test func `what streams share is asked for once, and never given up for one of them`() {
        let streams = [
            stream("BTC-USDT-SWAP", .liquidation), stream("ETH-USDT-SWAP", .liquidation),
            stream("BTC-USDT-261225", .liquidation, .okxFutures),
        ]
        let frames = venue.subscribeFrames(streams, firstRequest: 1)
        #expect(
            frames.map(\.text) == [
                """
                {"id":"1","op":"subscribe","args":[{"channel":"liquidation-orders","instType":"SWAP"},\
                {"channel":"liquidation-orders","instType":"FUTURES"}]}
                """
            ]
        )
        #expect(frames[0].streams == streams)
        #expect(venue.unsubscribeFrames(streams, firstRequest: 1).isEmpty)
    }

    @Test func `candle channels are named by interval and zone`() {
        for (name, channel) in [
            ("1s", "candle1s"), ("1m", "candle1m"), ("4h", "candle4H"), ("6h", "candle6Hutc"),
            ("6h+8", "candle6H"),
            ("1d", "candle1Dutc"), ("1d+8", "candle1D"), ("1w+8", "candle1W"), ("1mo", "candle1Mutc"),
            ("1mo+8", "candle1M"),
        ] {
            let candle = stream("BTC-USDT", .candle, .okxSpot, CandleInterval(name: name))
            #expect(venue.channelName(of: candle) == channel)
            let text = venue.subscribeFrames([candle], firstRequest: 1).first?.text ?? ""
            #expect(text.contains("{\"channel\":\"\(channel)\",\"instId\":\"BTC-USDT\"}"))
        }
        let names = venue.candleIntervals(.okxSpot).map(\.name)
        #expect(names.count == 21 && Set(names).count == 21)
    }

    @Test func `a message of any streams is below 64 KB`() {
        let streams = (0..<300).map { stream("LONGNAME\($0)-USDT-SWAP", .funding) }
        let frames = venue.subscribeFrames(streams, firstRequest: 1)
        #expect(frames.count == 1 && frames[0].text.utf8.count < 65_536)
    }

    @Test func `the sheet's chain of books holds, a maintenance reset in it`() {
        var book: Int64 = 10
        var links: [BookLink] = []
        for (previous, sequence) in [(10, 15), (15, 15), (15, 3), (3, 5)] as [(Int64, Int64)] {
            links.append(OKXBookSync.link(book, BookSequence(last: sequence, previous: previous)))
            book = sequence
        }
        #expect(links == [.next, .next, .next, .next])
        #expect(OKXBookSync.link(5, BookSequence(last: 7, previous: 6)) == .gap)
        #expect(OKXBookSync.link(5, BookSequence(last: 6, previous: 4)) == .gap)
        #expect(OKXBookSync.link(5, BookSequence(last: 5, previous: 3)) == .gap)
        #expect(OKXBookSync.link(5, .none) == .next, "a frame of 2021 has no numbers")
    }
}
