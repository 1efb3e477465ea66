// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// What both venues' desks share: the streams, the markets, and the rules that count per address.
final class Exchange {
    let options: Options
    let registry = StreamRegistry()
    let generator: MarketGenerator
    let publisher: Publisher
    let player: SessionPlayer
    let answers: RecordedAnswers
    private var byName: [String: Instrument] = [:]
    private var connects: [Venue: RateWindow] = [:]
    private var requests: [String: RateWindow] = [:]
    private var weights: [String: (minute: Int, used: Int)] = [:]
    private let scratch = ByteBuffer(capacity: 1024)
    private var produced = 0.0
    private var lastTurn = 0

    init(options: Options, publisher: Publisher, player: SessionPlayer, answers: RecordedAnswers) {
        self.options = options
        self.publisher = publisher
        self.player = player
        self.answers = answers
        generator = MarketGenerator(options: options)
        guard !player.isOn else { return }
        for instrument in generator.instruments {
            byName[Exchange.key(instrument.venue, instrument.segment, instrument.name)] = instrument
        }
    }

    private static func key(_ venue: Venue, _ segment: Segment, _ name: String) -> String {
        venue == .okx ? "okx/\(name)" : "\(segment.rawValue)/\(name)"
    }

    func instrument(_ venue: Venue, _ segment: Segment, _ name: String) -> Instrument? {
        byName[Exchange.key(venue, segment, name)]
    }

    func instruments(_ venue: Venue, _ segment: Segment) -> [Instrument] {
        player.isOn ? [] : generator.instruments.filter { $0.venue == venue && $0.segment == segment }
    }

    // MARK: - Limits per address

    /// Counts a connection attempt; false when the venue would answer 429.
    func mayConnect(_ venue: Venue, now: Int) -> Bool {
        guard options.limits else { return true }
        let (limit, span) = venue == .binance ? (300, 300) : (3, 1)
        return connects[venue, default: RateWindow()].take(now: now, limit: limit, span: span * 1_000_000_000)
    }

    /// Counts one REST request of a bucket.
    func mayRequest(_ bucket: String, limit: Int, seconds: Int) -> Bool {
        guard options.limits else { return true }
        let now = md_monotonic_nanos().asInt
        return requests[bucket, default: RateWindow()].take(
            now: now,
            limit: limit,
            span: seconds * 1_000_000_000
        )
    }

    /// Adds to the weight used this minute and returns the sum.
    func use(weight: Int, of pool: String) -> Int {
        let minute = md_wall_nanos().asInt / 60_000_000_000
        let before = weights[pool].flatMap { $0.minute == minute ? $0.used : nil } ?? 0
        weights[pool] = (minute, before + weight)
        return before + weight
    }

    // MARK: - Subscriptions

    /// Joins a connection to a stream, and the stream to the market that fills it.
    func join(_ connection: Connection, _ stream: Stream, _ instrument: Instrument?) {
        let first = !stream.wanted
        switch stream.kind {
        case "bbo": instrument?.bbo = stream
        case "trade": instrument?.trade = stream
        case "agg_trade": instrument?.aggregate = stream
        default: break
        }
        registry.subscribe(connection, to: stream)
        publisher.log.note(
            "subscribed",
            stream.name,
            ",\"conn\":\(connection.id),\"venue\":\"\(stream.venue.rawValue)\""
        )
        if first { generator.refreshActive() }
        if let instrument, options.rate > 0 { generator.introduce(instrument, trade: stream.kind != "bbo") }
        player.subscribed(stream)
    }

    // MARK: - Generated markets

    /// Produces the frames that are due; true while there is a market to run.
    func produce(now: Int) -> Bool {
        guard !player.isOn, generator.hasWork, options.rate > 0 else {
            lastTurn = now
            return false
        }
        produced += Double(min(now - lastTurn, 100_000_000)) * Double(options.rate) / 1e9
        lastTurn = now
        for instrument in generator.windowTurn(now: now, wall: publisher.wall, report: report) {
            say(instrument, trade: false)
        }
        while let fresh = generator.nextFresh() {
            produced -= 1
            say(fresh.instrument, trade: fresh.trade)
        }
        while produced >= 1, let instrument = generator.pick() {
            produced -= 1
            say(instrument, trade: generator.isTrade(instrument))
        }
        return true
    }

    private func report(_ window: CrossedWindow, _ opened: Bool) {
        publisher.log.note(
            "crossed",
            opened ? "open" : "close",
            ",\"base\":\"\(window.base)\",\"segment\":\"\(window.segment.rawValue)\""
                + ",\"bid_venue\":\"\(window.high.venue.rawValue)\",\"ask_venue\":\"\(window.low.venue.rawValue)\""
                + ",\"from_ns\":\(window.from),\"until_ns\":\(window.until),\"edge\":\(window.edge)"
        )
    }

    private func say(_ instrument: Instrument, trade: Bool) {
        if trade {
            sayTrade(instrument)
        } else {
            generator.quote(instrument)
            if let stream = instrument.bbo { sayQuote(instrument, stream, to: nil) }
        }
    }

    private func sayQuote(_ instrument: Instrument, _ stream: Stream, to connection: Connection?) {
        scratch.removeAll()
        let milliseconds = publisher.wall / 1_000_000
        if instrument.venue == .binance {
            BinanceFrames.bookTicker(instrument, milliseconds: milliseconds, into: scratch)
        } else {
            OKXFrames.bbo(instrument, milliseconds: milliseconds, into: scratch)
        }
        let mark = FrameMark(instrument.sequence)
        if let connection {
            publisher.deliver(stream, scratch.bytes, mark, to: connection)
        } else {
            publisher.deliver(stream, scratch.bytes, mark)
        }
    }

    private func sayTrade(_ instrument: Instrument) {
        let made = generator.trade(instrument)
        let milliseconds = publisher.wall / 1_000_000
        if let stream = instrument.trade {
            scratch.removeAll()
            if instrument.venue == .binance {
                BinanceFrames.trade(instrument, made, milliseconds: milliseconds, into: scratch)
            } else {
                OKXFrames.trade(instrument, made, milliseconds: milliseconds, into: scratch)
            }
            publisher.deliver(stream, scratch.bytes, FrameMark(instrument.tradeID))
            if instrument.venue == .okx { stream.keep(scratch.bytes, id: instrument.tradeID) }
        }
        if let stream = instrument.aggregate {
            scratch.removeAll()
            BinanceFrames.aggregate(instrument, made, milliseconds: milliseconds, into: scratch)
            publisher.deliver(stream, scratch.bytes, FrameMark(instrument.aggregateID))
        }
    }

    /// What OKX sends right after a subscription: the quote as it stands, or the last trade again.
    func sayCurrent(_ instrument: Instrument, _ stream: Stream, to connection: Connection) {
        guard stream.kind == "bbo" else {
            guard !stream.lastPayload.isEmpty else { return }
            let mark = FrameMark(stream.keptID, text: Array("\(stream.keptID)\",\"resent\":true".utf8))
            stream.lastPayload.withUnsafeBufferPointer { publisher.deliver(stream, $0, mark, to: connection) }
            return
        }
        if instrument.bidTicks == 0 { generator.quote(instrument) }
        sayQuote(instrument, stream, to: connection)
    }
}
