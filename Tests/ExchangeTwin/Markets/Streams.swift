// Part of MarketBus. Apache License 2.0, see LICENSE.

/// An exchange the twin plays.
enum Venue: String, CaseIterable {
    case binance
    case okx
    case htx
    case coinbase
    case gateway

    /// Default taker fee of the venue sheets, a fraction.
    func takerFee(_ segment: Segment) -> Double {
        switch self {
        case .binance, .okx: segment == .spot ? 0.0010 : 0.0005
        case .htx: segment == .spot ? 0.0020 : 0.0006
        case .coinbase: 0.0060
        case .gateway: 0
        }
    }
}

/// The kind of market, whatever a venue calls it.
enum Segment: String, CaseIterable {
    case spot
    case linear
    case inverse

    /// The word of the venue's own world, as in URLs, the log and fault filters.
    func label(_ venue: Venue) -> String {
        switch (venue, self) {
        case (_, .spot): "spot"
        case (.binance, .linear): "usdm"
        case (.binance, .inverse): "coinm"
        case (_, _): rawValue
        }
    }
}

/// What a market must do for a stream to have something to say.
struct Topics: OptionSet {
    let rawValue: Int
    /// Fills.
    static let trades = Topics(rawValue: 1)
    /// Changes of the book, the touch included.
    static let book = Topics(rawValue: 2)
    /// Nothing: it speaks at every tick of its clock.
    static let clock = Topics(rawValue: 4)
}

/// When a stream speaks.
enum Pace {
    /// At each raw match, each fill (one price of one taker), each change of the touch, each liquidation.
    case eachMatch
    case eachFill
    case eachTouch
    case eachLiquidation
    /// When there is news, but not within so many milliseconds of the last time.
    case atMost(milliseconds: Int)
}

/// How a desk wants a stream to be fed; everything about a stream but its name.
struct StreamPlan {
    /// The word in the log and in fault filters: `trade`, `agg_trade`, `bbo`, `book`, `candle`, `ticker`, `mark`,
    /// `index`, `funding`, `open_interest`, `liquidation`.
    var kind: String
    var topics: Topics
    var pace: Pace
    /// For candles.
    var interval: CandleInterval?
    /// Increments of the book are gathered between two frames; `window` is how many levels a side the channel shows.
    var gathersBook = false
    var window: Int?
    /// A book stream without news repeats itself, empty, after so many milliseconds; 0: never.
    var keepAlive = 0
}

/// What happened in a market that a stream may have to tell; a desk puts it into its venue's words.
enum Moment {
    /// The `Int`-th match of a fill, from 0.
    case match(Fill, Int)
    case fill(Fill)
    case touch
    case book(BookDelta)
    case candle(Candle, closed: Bool)
    case liquidation(Liquidation)
    /// The stream's clock ticked: say how things are.
    case tick
}

/// One subscribable stream of one venue, with those who listen.
final class Stream {
    let venue: Venue
    let segment: Segment
    /// The venue's name: `btcusdt@trade`, or `trades:BTC-USDT` for OKX.
    let name: String
    let symbol: String
    let kind: String
    /// `{"stream":"…","data":` for combined connections.
    let combinedPrefix: [UInt8]
    /// The constant middle of this stream's log lines.
    let logText: [UInt8]

    var subscribers: [Connection] = []
    var frames = 0
    var firstID = 0
    var lastID = 0
    /// The last trade of an OKX stream, which new subscribers get again.
    private(set) var lastPayload: [UInt8] = []
    private(set) var keptID = 0

    // What feeds it, once it was subscribed; a stream of a recorded session has none.
    private(set) var market: Market?
    private(set) var topics: Topics = []
    private(set) var pace = Pace.eachFill
    private(set) var series: CandleSeries?
    private(set) var feed: BookFeed?
    private(set) var keepAlive = 0
    /// Monotonic time at which it last spoke, and the entry of the schedule that is in force.
    var spoke = 0
    var due: Int?

    init(venue: Venue, segment: Segment, name: String, symbol: String, kind: String) {
        self.venue = venue
        self.segment = segment
        self.name = name
        self.symbol = symbol
        self.kind = kind
        combinedPrefix = Array("{\"stream\":\"\(name)\",\"data\":".utf8)
        let out = ByteBuffer()
        out.append(
            text: ",\"venue\":\"\(venue.rawValue)\",\"market\":\"\(segment.label(venue))\",\"stream\":"
        )
        out.appendQuoted(name)
        out.append(",\"symbol\":")
        out.appendQuoted(symbol)
        out.append(text: ",\"kind\":\"\(kind)\",\"id\":\"")
        logText = out.array
    }

    /// From here on the market feeds the stream: it does not stop because its listener left.
    func attach(_ plan: StreamPlan, to market: Market, milliseconds: Int) {
        guard self.market == nil else { return }
        self.market = market
        topics = plan.topics
        pace = plan.pace
        keepAlive = plan.keepAlive
        if plan.gathersBook { feed = market.book.open(window: plan.window) }
        if let interval = plan.interval {
            series = CandleSeries(interval: interval, current: market.candle(interval, at: milliseconds))
        }
        market.streams.append(self)
        market.topics.formUnion(plan.topics)
    }

    /// For a stream of a whole kind of instruments, fed by every market of theirs that runs.
    func attach(_ plan: StreamPlan) { pace = plan.pace }

    func keep(_ payload: UnsafeBufferPointer<UInt8>, id: Int) {
        lastPayload.removeAll(keepingCapacity: true)
        lastPayload.append(contentsOf: payload)
        keptID = id
    }

    /// The key of the registry.
    var key: String { Stream.key(venue, segment, name) }

    static func key(_ venue: Venue, _ segment: Segment, _ name: String) -> String {
        venue == .okx ? "okx/\(name)" : "\(venue.rawValue)/\(segment.label(venue))/\(name)"
    }
}

/// The venue's number of a frame: what a checker compares.
struct FrameMark {
    var id: Int
    /// The text of the log's `id` and whatever follows it, where it is not just the number.
    var text: [UInt8]?
    /// Set on frames that a fault made or changed.
    var fault: String?
    /// A whole book, no increment.
    var isSnapshot = false
    var isClosedCandle = false

    init(_ id: Int, text: [UInt8]? = nil) {
        self.id = id
        self.text = text
    }

    /// A whole book, marked as such in the log.
    static func snapshot(_ id: Int) -> FrameMark {
        var mark = FrameMark(id, more: ",\"snapshot\":true")
        mark.isSnapshot = true
        return mark
    }

    init(candle: Candle, closed: Bool) {
        self.init(candle.open, more: ",\"closed\":\(closed)")
        isClosedCandle = closed
    }

    /// With further members in the log line: `,"closed":true`.
    init(_ id: Int, more: String) {
        self.init(id, text: Array("\(id)\"\(more)".utf8))
    }
}

/// All streams anybody asked for or that a market produces.
final class StreamRegistry {
    private(set) var streams: [String: Stream] = [:]

    func find(_ venue: Venue, _ segment: Segment, _ name: String) -> Stream? {
        streams[Stream.key(venue, segment, name)]
    }

    /// The stream of that name, made if it is new.
    func stream(_ venue: Venue, _ segment: Segment, _ name: String, symbol: String, kind: String) -> Stream {
        let key = Stream.key(venue, segment, name)
        if let known = streams[key] { return known }
        let made = Stream(venue: venue, segment: segment, name: name, symbol: symbol, kind: kind)
        streams[key] = made
        return made
    }

    func subscribe(_ connection: Connection, to stream: Stream) {
        guard !stream.subscribers.contains(where: { $0 === connection }) else { return }
        stream.subscribers.append(connection)
        connection.session.streams.append(stream)
    }

    func unsubscribe(_ connection: Connection, from stream: Stream) {
        stream.subscribers.removeAll { $0 === connection }
        connection.session.streams.removeAll { $0 === stream }
    }

    func drop(_ connection: Connection) {
        for stream in connection.session.streams {
            stream.subscribers.removeAll { $0 === connection }
        }
        connection.session.streams = []
    }
}
