// Part of MarketBus. Apache License 2.0, see LICENSE.

/// An exchange the twin plays.
enum Venue: String {
    case binance
    case okx
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
        case (.okx, _): rawValue
        }
    }
}

/// One subscribable stream of one venue, with those who listen.
final class Stream {
    let venue: Venue
    let segment: Segment
    /// The venue's name: `btcusdt@trade`, or `trades:BTC-USDT` for OKX.
    let name: String
    let symbol: String
    /// `trade`, `agg_trade`, `bbo`, or the venue's own channel word.
    let kind: String
    /// `{"stream":"…","data":` for combined connections.
    let combinedPrefix: [UInt8]
    /// The constant middle of this stream's log lines.
    let logText: [UInt8]

    var subscribers: [Connection] = []
    /// True from the first subscription on: a market does not stop because its listener left.
    var wanted = false
    var frames = 0
    var firstID = 0
    var lastID = 0
    /// The last trade of an OKX stream, which new subscribers get again.
    private(set) var lastPayload: [UInt8] = []
    private(set) var keptID = 0

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

    func keep(_ payload: UnsafeBufferPointer<UInt8>, id: Int) {
        lastPayload.removeAll(keepingCapacity: true)
        lastPayload.append(contentsOf: payload)
        keptID = id
    }

    /// The key of the registry.
    var key: String { Stream.key(venue, segment, name) }

    static func key(_ venue: Venue, _ segment: Segment, _ name: String) -> String {
        venue == .okx ? "okx/\(name)" : "binance/\(segment.label(venue))/\(name)"
    }
}

/// The venue's number of a frame: what a checker compares.
struct FrameMark {
    var id: Int
    /// The text of the log's `id` and whatever follows it, where it is not just the number.
    var text: [UInt8]?
    /// Set on frames that a fault made or changed.
    var fault: String?

    init(_ id: Int, text: [UInt8]? = nil) {
        self.id = id
        self.text = text
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
        stream.wanted = true
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
