// Part of MarketBus. Apache License 2.0, see LICENSE.

/// The part of a venue's WebSocket world that a connection was opened at.
enum Route: String {
    /// No routes, or the whole REST side.
    case all
    case publicBook = "public"
    case market
    case privateUser = "private"
    case business
}

/// Where a request's path leads.
struct Endpoint {
    var venue: Venue
    var segment: Segment
    var route: Route
    /// The venue's own path: `/ws/btcusdt@trade`, `/api/v3/time`.
    var rest: String
    /// The word of fault filters and the log: Binance `usdm`, OKX `business`.
    var label: String
    /// One endpoint serves several markets, so that a fault's `market` can't rule it out.
    var spansMarkets = false
}

/// What the venue side remembers of one connection.
struct VenueSession {
    var endpoint: Endpoint?
    /// Set with the endpoint.
    weak var desk: VenueDesk?
    var combined = false
    /// The client asked for the end of the connection after its answer.
    var endsAfterAnswer = false
    var streams: [Stream] = []
    /// OKX prints it in every control message.
    var connectionName = ""

    var fragments: [UInt8] = []
    var fragmentOpcode = Opcode.text

    /// Monotonic times of the last messages, for the rate rules.
    var messages = RateWindow()
    var subscribes = RateWindow()
    var lastSent = 0
    var pingSent = 0
    var pongSeen = 0
    /// Unanswered pings, and what the answer to the last one must carry.
    var unanswered = 0
    var awaited = ""
    /// Something was subscribed (Coinbase), CONNECT was answered (gateway).
    var subscribed = false
    /// Frames sent so far, where the venue numbers them.
    var counter = 0
    /// The market type that a gateway's client chose.
    var segment: Segment?
    /// When a notice said that the connection will be closed.
    var closeAt: Int?
    /// Set by `ack_without_data`: new subscriptions stay silent.
    var silenced: [String] = []
}

/// How many things happened in the last stretch of time.
struct RateWindow {
    private var times: [Int] = []

    /// Counts one now; false when that makes more than `limit` within `span` nanoseconds.
    mutating func take(now: Int, limit: Int, span: Int) -> Bool {
        times.removeAll { now - $0 >= span }
        guard times.count < limit else { return false }
        times.append(now)
        return true
    }
}
