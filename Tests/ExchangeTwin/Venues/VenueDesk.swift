// Part of MarketBus. Apache License 2.0, see LICENSE.

/// One exchange as clients see it: its paths, its messages, its frames.
///
/// A desk answers requests, decides on subscriptions (`Exchange.subscribe`), and puts what happens in a market into its
/// venue's words (`write`). All calls come from the one I/O thread.
protocol VenueDesk: AnyObject {
    var venue: Venue { get }

    /// Name and path of every endpoint in the ready line: `("spot_ws", "/binance/spot")`; `_ws` ones get a ws scheme.
    var endpoints: [(name: String, path: String)] { get }

    /// Where a path leads; `parts` is what follows the venue's own first part.
    func endpoint(_ parts: ArraySlice<String>) -> Endpoint?

    /// A REST answer.
    func answer(_ request: HTTPRequest, _ endpoint: Endpoint) -> HTTPAnswer

    /// The venue's answer to whom it finds too fast, and while it is under maintenance.
    var tooMany: HTTPAnswer { get }
    var unavailable: HTTPAnswer { get }

    /// Connections an address may open: so many in so many seconds.
    var connectLimit: (count: Int, seconds: Int) { get }

    /// Whether a WebSocket may be opened there.
    func accepts(_ request: HTTPRequest, _ endpoint: Endpoint) -> Bool
    func opened(_ connection: Connection, _ request: HTTPRequest)

    /// A whole message, or a control frame other than close; false when the connection was cut for it.
    func mayReceive(_ opcode: Opcode, on connection: Connection, now: Int) -> Bool
    func received(_ message: [UInt8], on connection: Connection, now: Int)

    /// Pings, idle rules and the like, every few milliseconds.
    func keep(_ connection: Connection, now: Int)

    /// Says that the connection will be closed; false where the venue says nothing.
    func announceEnd(_ connection: Connection) -> Bool

    /// Writes one payload of a stream; nil when the stream does not tell such a moment.
    func write(_ moment: Moment, _ stream: Stream, _ market: Market, into out: ByteBuffer) -> FrameMark?

    /// What a new listener of a stream is told first, apart from the next frame that everybody gets.
    func greet(_ connection: Connection, _ stream: Stream, _ market: Market)

    /// A venue's count that starts over still names the last one before (`sequence_reset`).
    var keepsChainOverReset: Bool { get }

    /// Whether a rotation of old connections is announced, as `announceEnd` does it.
    func announcesRotation(_ connection: Connection) -> Bool

    /// A book frame with one more level; nil for a frame without levels (`crossed_update`, `zero_unknown`).
    func insert(_ level: Level, _ side: Side, _ market: Market, into frame: JSONText) -> JSONText?

    /// A candle's frame with another volume (`revised_candle`).
    func revise(_ candle: JSONText) -> JSONText?

    /// Puts a payload on the wire.
    func put(_ payload: UnsafeBufferPointer<UInt8>, of stream: Stream, on connection: Connection)

    /// The same for a message of no stream.
    func put(_ payload: UnsafeBufferPointer<UInt8>, on connection: Connection)

    /// A frame was lost on its way: a venue that numbers frames by connection counts it all the same.
    func withheld(_ stream: Stream, on connection: Connection)
}

extension VenueDesk {
    func mayReceive(_ opcode: Opcode, on connection: Connection, now: Int) -> Bool { true }
    func opened(_ connection: Connection, _ request: HTTPRequest) {}
    func greet(_ connection: Connection, _ stream: Stream, _ market: Market) {}
    var keepsChainOverReset: Bool { false }
    func announcesRotation(_ connection: Connection) -> Bool { true }

    /// In the usual shape: `bids` and `asks`, or `b` and `a`, of price and size as strings.
    func insert(_ level: Level, _ side: Side, _ market: Market, into frame: JSONText) -> JSONText? {
        insert(level, side, market, more: [], into: frame)
    }

    /// The same with further fields in each level.
    func insert(
        _ level: Level,
        _ side: Side,
        _ market: Market,
        more: [JSONText],
        into frame: JSONText
    ) -> JSONText? {
        let (price, size) = (ByteBuffer(), ByteBuffer())
        market.instrument.write(price: level.ticks, into: price)
        market.instrument.write(size: level.lots, into: size)
        let row = JSONText.array([.string(price.text), .string(size.text)] + more)
        for name in side == .bid ? ["bids", "b"] : ["asks", "a"] {
            let changed = frame.editing(name) { value in value.items.map { .array([row] + $0) } ?? value }
            if let changed { return changed }
        }
        return nil
    }

    /// In the shape of Binance (`v`), else in OKX's (the sixth field of a row).
    func revise(_ candle: JSONText) -> JSONText? {
        func more(_ value: JSONText) -> JSONText { .string("1" + (value.scalar ?? "")) }
        if let changed = candle.editing("v", more) { return changed }
        return candle.editing("data") { data in
            guard let row = data.items?.first?.items, row.count > 5 else { return data }
            return .array([.array(row[..<5] + [more(row[5])] + row[6...])])
        }
    }

    func put(_ payload: UnsafeBufferPointer<UInt8>, of stream: Stream, on connection: Connection) {
        connection.send(.text, [], payload, [])
    }

    func put(_ payload: UnsafeBufferPointer<UInt8>, on connection: Connection) {
        connection.send(.text, [], payload, [])
    }

    func withheld(_ stream: Stream, on connection: Connection) {}
}

/// The list of desks: a new venue adds one line here, one case to `Venue`, and one function to `Listings`.
enum Desks {
    static func all(_ exchange: Exchange) -> [VenueDesk] {
        let all: [VenueDesk] = [
            BinanceDesk(exchange: exchange),
            OKXDesk(exchange: exchange),
            HTXDesk(exchange: exchange),
            CoinbaseDesk(exchange: exchange),
            GatewayDesk(exchange: exchange),
        ]
        return all.filter { exchange.options.venues.served.contains($0.venue) }
    }
}
