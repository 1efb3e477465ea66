// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Lifecycle
import Models
import Observability
import OrderBooks
import TestKit
import Wire

@testable import VenueKit

/// What an engine touches of the world: sockets that are arrays, a sink that keeps what it gets, lists on demand.
final class EnginePorts: FeedTransport, FeedOutput, InstrumentSource, QueryTransport {
    /// One record as it was sent.
    struct Sent {
        var topic: TopicID
        var key: String
        var text: String
        var stream: StreamID
        var seq: UInt64
    }

    var links: [FeedLink] = []
    var urls: [String] = []
    var texts: [String] = []
    var closes: [UInt16] = []
    var fetches: [(call: VenueCall, place: Int, url: String)] = []
    var failure: (code: ExitCode, reason: String)?
    var sent: [Sent] = []
    var isReady = true
    var outcome = SendOutcome.accepted
    var onService: () -> Void = {}

    func open(_ url: String, isPinged: Bool, _ limits: SessionSettings, for link: FeedLink) -> String? {
        urls.append(url)
        links.append(link)
        return nil
    }

    func send(_ text: String, on link: FeedLink) -> Bool {
        texts.append(text)
        return true
    }

    func close(_ link: FeedLink, code: UInt16) { closes.append(code) }

    func fetch(_ call: VenueCall, _ place: Int, url: String) { fetches.append((call, place, url)) }

    /// Questions that wait for an answer.
    var questions: [(token: Int, url: String)] = []

    /// Questions that were taken back.
    var cancelled: [Int] = []

    func fetch(_ token: Int, url: String, timeoutMilliseconds: Int) { questions.append((token, url)) }

    func cancel(_ token: Int) { cancelled.append(token) }

    func send(_ record: OutboundRecord) -> SendOutcome {
        sent.append(
            Sent(
                topic: record.topic,
                key: String(decoding: record.key, as: UTF8.self),
                text: record.value.map { String(decoding: $0, as: UTF8.self) } ?? "",
                stream: record.stream,
                seq: record.seq
            )
        )
        return outcome
    }

    func serviceHeldRecords() { onService() }
}

/// A feed engine with a hand-moved clock between ports that a test looks into.
final class EngineWorld {
    let clock = ManualClock()
    let observability = Observability.silent
    let ports = EnginePorts()
    let engine: FeedEngine

    init(
        _ symbols: [String],
        chosen: Bool = true,
        markets: [String] = ["spot"],
        books: BookRules? = nil,
        streamsPerConnection: Int = 100,
        history: TradeHistory? = nil,
        awaitsSubscriptions: Bool = false,
        adjust: (inout FeedSettings) -> Void = { _ in }
    ) {
        var settings = FeedSettings(
            instance: "feed-1",
            markets: markets.map { MarketID($0) },
            symbols: symbols,
            areSymbolsChosen: chosen,
            channels: [.trade, .bbo]
        )
        adjust(&settings)
        engine = FeedEngine(
            venue: LineVenue(
                books: books,
                streamsPerConnection: streamsPerConnection,
                history: history
            ),
            settings: settings,
            output: ports,
            transport: ports,
            instruments: ports,
            queries: ports,
            observability: observability,
            clock: clock,
            fail: { [ports] in ports.failure = ($0, $1) }
        )
        engine.areSubscriptionsKnown = !awaitsSubscriptions
        engine.begin()
    }

    // MARK: What a test does

    /// Lets time pass in the engine's own steps.
    func pass(milliseconds: Int64) {
        for _ in 0..<max(milliseconds / 50, 1) {
            clock.advance(milliseconds: 50)
            engine.tick()
        }
    }

    /// Answers an instrument request with these spot symbols.
    func list(_ symbols: [String], place: Int = 0) {
        engine.instrumentsArrived(place, .success(symbols.map(LineVenue.instrument)))
    }

    /// Opens the newest socket of a connection.
    func open(_ connection: Int = 0) { engine.connections[connection].socketOpened() }

    func frame(_ text: String, _ connection: Int = 0) { frame(text, on: engine.connections[connection]) }

    func frame(_ text: String, on connection: FeedConnection) {
        var text = text
        text.withUTF8 { bytes in
            connection.receive(FrameBytes(UnsafeRawBufferPointer(bytes)), received: clock.wall)
        }
    }

    /// To live streams of these symbols.
    func goLive(_ symbols: String...) {
        list(symbols)
        pass(milliseconds: 50)
        open()
        frame("ack 1")
        for symbol in symbols {
            frame("bbo \(symbol) 1")
            frame("trade \(symbol) 1")
        }
    }

    func records(_ topic: TopicID) -> [String] { ports.sent.filter { $0.topic == topic }.map(\.text) }

    func forget() { ports.sent.removeAll() }
}

/// A venue whose frames are words: `bbo BTC-USDT 5`, `trade BTC-USDT 7`, `ack 1`, `refuse 1`, `notice`, anything else
/// can't be read; books as in BookWords, all else as in MoreWords.
struct LineVenue: Venue {
    static let id = VenueID("line")
    var books: BookRules?
    var streamsPerConnection = 100
    var history: TradeHistory?

    var profile: VenueProfile {
        VenueProfile(
            markets: [MarketID("spot"), MarketID("swap")],
            endpoints: [
                VenueEndpoint(name: "ws", url: "ws://venue", socketPath: "/stream", market: nil),
                VenueEndpoint(name: "rest", url: "http://venue", market: nil),
            ],
            heartbeat: .serverPing,
            streamsPerConnection: streamsPerConnection,
            connectionLimit: RateLimit(count: 10, windowMilliseconds: 1000),
            sendLimit: RateLimit(count: 100, windowMilliseconds: 1000),
            connectionLifeMilliseconds: nil
        )
    }

    static func instrument(_ symbol: String) -> Instrument {
        let words = symbol.split(separator: "-").map(String.init)
        return Instrument(
            venue: id,
            market: MarketID("spot"),
            venueSymbol: symbol,
            kind: .spot,
            base: words[0],
            quote: words[1],
            settle: words[1]
        )
    }

    func endpoint(for channel: Channel, of instrument: Instrument) -> String? {
        channel == .openInterest ? nil : "ws"
    }

    func subscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame] {
        [OutboundFrame(text: "sub \(firstRequest)", request: firstRequest, streams: streams)]
    }

    func unsubscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame] {
        [OutboundFrame(text: "unsub \(firstRequest)", request: firstRequest, streams: streams)]
    }

    func makeDecoder(market: MarketID?, instruments: InstrumentTable) -> any FrameDecoder {
        LineDecoder(instruments)
    }

    func instrumentCalls(markets: [MarketID]) -> [VenueCall] {
        markets.map { VenueCall(endpoint: "rest", path: "/list/\($0)", market: $0) }
    }

    func instruments(from body: UnsafeRawBufferPointer, market: MarketID?) throws(DecodeError) -> [Instrument]
    {
        String(decoding: body, as: UTF8.self).split(separator: " ").map { Self.instrument(String($0)) }
    }

    func market(shownBy url: String) -> MarketID? { nil }

    func isInstrumentList(url: String) -> Bool { url.contains("/list/") }

    func verdict(status: Int, retryAfterSeconds: Int?, body: UnsafeRawBufferPointer) -> VenueVerdict {
        status == 429 ? .retry(afterMilliseconds: 7000) : .refuse
    }
}

final class LineDecoder: FrameDecoder {
    private let index: SymbolIndex

    init(_ instruments: InstrumentTable) { index = instruments.index(of: MarketID("spot")) }

    func decode(_ frame: FrameBytes, into batch: inout EventBatch) throws(DecodeError) -> FrameOutcome {
        let words = String(decoding: frame.bytes, as: UTF8.self).split(separator: " ").map(String.init)
        switch words.first {
        case "ack": return .control(.acknowledged(request: Int64(words[1]) ?? 0))
        case "refuse":
            return .control(
                .refused(
                    request: Int64(words[1]) ?? 0,
                    code: "60018",
                    message: "no such channel",
                    verdict: .refuse
                )
            )
        case "notice": return .control(.closingSoon(reason: "upgrade"))
        case "other": return .ignored("other")
        case "minute":
            guard let id = index.find(words[1]) else { throw .unknownInstrument }
            batch.append(try RepairWords.candle(words[2], id, CandleInterval(.minute1), isClosed: false))
            return .events
        case "book", "snap":
            try BookWords.decode(words, index, into: &batch)
            return .events
        case "tick", "candle", "liq":
            try MoreWords.decode(words, index, into: &batch)
            return .events
        case "both":
            // `both A B 7`: a quote of each.
            for name in words[1...2] {
                guard let id = index.find(name) else { throw .unknownInstrument }
                let level = PriceLevel(price: ScaledDecimal(1), size: ScaledDecimal(1))
                let number = Int64(words[3]) ?? 0
                batch.append(
                    BestQuote(
                        instrument: id,
                        exchangeMicroseconds: EventTime.none,
                        venueSequence: number,
                        bid: level,
                        ask: nil
                    )
                )
            }
            return .events
        case "bbo", "trade":
            guard let id = index.find(words[1]) else { throw .unknownInstrument }
            let number = Int64(words[2]) ?? 0
            let level = PriceLevel(price: ScaledDecimal(number), size: ScaledDecimal(1))
            if words[0] == "bbo" {
                batch.append(
                    BestQuote(
                        instrument: id,
                        exchangeMicroseconds: EventTime.none,
                        venueSequence: number,
                        bid: level,
                        ask: nil
                    )
                )
            } else if let text = ShortText(words[2]) {
                batch.append(
                    Trade(
                        instrument: id,
                        side: .buy,
                        exchangeMicroseconds: EventTime.none,
                        id: text,
                        price: level.price,
                        size: level.size
                    )
                )
            }
            return .events
        default: throw .malformed(offset: 0)
        }
    }
}
