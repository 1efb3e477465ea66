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
        for channel in [Channel.trade, .bbo] {
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
