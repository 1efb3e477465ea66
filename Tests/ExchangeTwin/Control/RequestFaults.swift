// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// What becomes of an HTTP request or WebSocket handshake.
enum RequestFate {
    case serve
    case reset
    case fail(HTTPAnswer)
}

extension FaultBoard {
    func request(_ endpoint: Endpoint, _ desk: VenueDesk, upgrade: Bool) -> RequestFate {
        let now = md_monotonic_nanos().asInt
        for fault in armed where fault.matches(endpoint, upgrade: upgrade) && fault.isLive(now) {
            if fault.kind == .refuse { return .reset }
            if fault.kind == .maintenance { return .fail(desk.unavailable) }
            guard fault.kind == .httpStatus else { continue }
            fault.use()
            var answer = desk.tooMany
            answer.status = fault.status
            if fault.status >= 500 { answer.body = Array("<html>\(fault.status)</html>".utf8) }
            if fault.status == 429 || fault.status == 418 {
                answer.headers.append(("Retry-After", "\(fault.retryAfter)"))
            }
            if fault.status >= 500 { answer.type = "text/html" }
            return .fail(answer)
        }
        return .serve
    }

    /// Nanoseconds by which an answer is late.
    func latency(_ endpoint: Endpoint) -> Int {
        let now = md_monotonic_nanos().asInt
        let fault = armed.first {
            $0.kind == .httpLatency && $0.matches(endpoint, upgrade: false) && $0.isLive(now)
        }
        fault?.use()
        return fault?.delay ?? 0
    }

    /// Whether a new subscription is acknowledged and then never served.
    func silencesNew(_ stream: Stream, _ connection: Connection) -> Bool {
        let now = md_monotonic_nanos().asInt
        for fault in armed where fault.kind == .ackWithoutData && fault.isLive(now) && fault.matches(stream) {
            fault.use()
            note(fault, connection, stream)
            return true
        }
        return false
    }

    /// Whether a connection is sent data before it may take any.
    func sendsEarly(_ connection: Connection) -> Bool {
        let now = md_monotonic_nanos().asInt
        for fault in armed
        where fault.kind == .earlyData && fault.isLive(now)
            && (fault.connection ?? connection.id) == connection.id
        {
            fault.use()
            note(fault, connection, nil)
            return true
        }
        return false
    }

    /// The old state of a book that a fault wants to be shown, nil for the true one.
    func staleSnapshot(of market: Market) -> BookSnapshot? {
        let now = md_monotonic_nanos().asInt
        let fault = armed.first {
            $0.kind == .staleSnapshot && $0.isLive(now) && $0.matches(market)
        }
        guard let fault, let stale = market.stale else { return nil }
        fault.use()
        return stale
    }

    /// What a snapshot request gets: the book as it stands, or as a fault wants it.
    func snapshot(of market: Market, _ limit: Int) -> BookSnapshot {
        guard var stale = staleSnapshot(of: market) else { return market.book.snapshot(limit) }
        stale.bids = Array(stale.bids.prefix(limit))
        stale.asks = Array(stale.asks.prefix(limit))
        return stale
    }
}
