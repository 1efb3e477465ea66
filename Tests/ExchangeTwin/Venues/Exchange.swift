// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// What all desks share: the markets and their streams, and the rules that count per address.
///
/// For a desk: `instrument`, `market`, `subscribe`, `send` (one frame to one listener), `flush` (a book stream says what
/// it has gathered), `engineTime` and `sendTime` (milliseconds for a venue's time fields).
final class Exchange {
    let options: Options
    let registry = StreamRegistry()
    let generator: MarketGenerator
    let publisher: Publisher
    let player: SessionPlayer
    let answers: RecordedAnswers
    private(set) var desks: [Venue: VenueDesk] = [:]
    private(set) lazy var run = MarketRun(exchange: self)
    private var byName: [String: Instrument] = [:]
    private var connects: [Venue: RateWindow] = [:]
    private var requests: [String: RateWindow] = [:]
    private var weights: [String: WeightPool] = [:]

    init(options: Options, publisher: Publisher, player: SessionPlayer, answers: RecordedAnswers) {
        self.options = options
        self.publisher = publisher
        self.player = player
        self.answers = answers
        publisher.clockOffset = options.clockOffsetMilliseconds
        generator = MarketGenerator(options: options, milliseconds: publisher.milliseconds - 1)
        for desk in Desks.all(self) { desks[desk.venue] = desk }
        publisher.desks = desks
        publisher.faults.exchange = self
        guard !player.isOn else { return }
        for instrument in generator.instruments {
            byName[Exchange.key(instrument.venue, instrument.segment, instrument.name)] = instrument
        }
    }

    private static func key(_ venue: Venue, _ segment: Segment, _ name: String) -> String {
        venue == .okx ? "okx/\(name)" : "\(venue.rawValue)/\(segment.rawValue)/\(name)"
    }

    // MARK: - What exists

    func instrument(_ venue: Venue, _ segment: Segment, _ name: String) -> Instrument? {
        byName[Exchange.key(venue, segment, name)]
    }

    func instruments(_ venue: Venue, _ segment: Segment) -> [Instrument] {
        player.isOn ? [] : generator.instruments.filter { $0.venue == venue && $0.segment == segment }
    }

    /// The market of that name, begun if it was not.
    func market(_ venue: Venue, _ segment: Segment, _ name: String) -> Market? {
        instrument(venue, segment, name).map(market)
    }

    func market(_ instrument: Instrument) -> Market {
        generator.market(instrument, milliseconds: engineTime)
    }

    /// The time of the matching engine now: what trades and book changes carry.
    var engineTime: Int { publisher.milliseconds - 1 }
    /// The time at which a frame leaves.
    var sendTime: Int { publisher.milliseconds }

    // MARK: - Limits per address

    /// Counts a connection attempt; false when the venue would answer 429.
    func mayConnect(_ desk: VenueDesk, now: Int) -> Bool {
        guard options.limits else { return true }
        let (limit, seconds) = desk.connectLimit
        return connects[desk.venue, default: RateWindow()].take(
            now: now,
            limit: limit,
            span: seconds * 1_000_000_000
        )
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

    /// Adds to the weight used this minute.
    func use(weight: Int, of pool: String, limit: Int) -> WeightVerdict {
        let bound = options.limits ? limit : Int.max
        return weights[pool, default: WeightPool()].use(
            weight,
            limit: bound,
            ban: options.banMilliseconds,
            milliseconds: publisher.milliseconds
        )
    }

    // MARK: - Subscriptions

    /// Joins a connection to the stream of that name; `market` and `plan` nil: nothing generated ever comes.
    func subscribe(
        _ connection: Connection,
        _ name: String,
        symbol: String,
        segment: Segment,
        desk: VenueDesk,
        _ market: Market?,
        _ plan: StreamPlan?
    ) {
        let kind = plan?.kind ?? "other"
        let stream = registry.stream(desk.venue, segment, name, symbol: symbol, kind: kind)
        guard !publisher.faults.silencesNew(stream, connection) else {
            connection.session.silenced.append(name)
            return
        }
        let market = options.rate > 0 ? market : nil
        if let market, let plan {
            stream.attach(plan, to: market, milliseconds: engineTime)
            generator.activate(market)
            // What was gathered goes to those who listened so far.
            if stream.feed != nil { run.speak(stream) }
        }
        registry.subscribe(connection, to: stream)
        publisher.log.note(
            "subscribed",
            stream.name,
            ",\"conn\":\(connection.id),\"venue\":\"\(stream.venue.rawValue)\""
        )
        if let market, plan != nil {
            desk.greet(connection, stream, market)
            run.introduce(stream)
        }
        player.subscribed(stream)
    }

    /// Writes one payload for one listener.
    func send(
        _ stream: Stream,
        to connection: Connection,
        _ mark: FrameMark,
        _ fill: (ByteBuffer) -> Void
    ) {
        let out = ByteBuffer(capacity: 1024)
        fill(out)
        publisher.deliver(stream, out.bytes, mark, to: connection)
    }

    /// A book stream says now what it has gathered, so that a snapshot made after it follows on.
    func flush(_ stream: Stream) { run.speak(stream) }
}

/// The weight that an address used in the running minute, and what came of it.
struct WeightPool {
    private var minute = 0
    private var used = 0
    private var warnings = 0
    private var bannedUntil = 0

    mutating func use(_ weight: Int, limit: Int, ban: Int, milliseconds: Int) -> WeightVerdict {
        if milliseconds / 60_000 != minute { (minute, used, warnings) = (milliseconds / 60_000, 0, 0) }
        used += weight
        if milliseconds < bannedUntil { return .banned(until: bannedUntil, used: used) }
        guard used > limit else { return .fine(used: used) }
        warnings += 1
        // Ten answers 429 in a minute, and the address is banned.
        guard warnings > 10 else { return .tooMuch(seconds: 60 - milliseconds / 1000 % 60, used: used) }
        bannedUntil = milliseconds + ban
        return .banned(until: bannedUntil, used: used)
    }
}

/// What a venue makes of a request's weight.
enum WeightVerdict {
    case fine(used: Int)
    case tooMuch(seconds: Int, used: Int)
    /// Until a wall time in milliseconds.
    case banned(until: Int, used: Int)
}
