// Part of MarketBus. Apache License 2.0, see LICENSE.

/// The part of a venue's WebSocket world that a connection was opened at.
enum Route: String {
    /// Spot has no routes.
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

    init?(path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        guard let first = parts.first, let venue = Venue(rawValue: first) else { return nil }
        self.venue = venue
        var tail = parts.dropFirst()
        segment = .spot
        route = .all
        if venue == .binance {
            guard let word = tail.popFirst(),
                let found = Segment.allCases.first(where: { $0.label(.binance) == word })
            else { return nil }
            segment = found
            if found != .spot, let routed = tail.first.flatMap(Route.init(rawValue:)), routed != .business {
                route = routed
                tail = tail.dropFirst()
            } else if found != .spot {
                // The unrouted URLs still connect and carry book data only.
                route = .publicBook
            }
        } else if tail.prefix(2) == ["ws", "v5"] {
            guard let routed = tail.last.flatMap(Route.init(rawValue:)), tail.count == 3 else { return nil }
            route = routed
        }
        rest = "/" + tail.joined(separator: "/")
    }
}

/// What the venue side remembers of one connection.
struct VenueSession {
    var endpoint: Endpoint?
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
