// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Models
import VenueKit

extension HTXVenue {
    /// One message a topic: `sub` on the market sockets, `op` on those for notifications.
    public func subscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame] {
        frames(streams, firstRequest, isEnd: false)
    }

    /// The same with `unsub`.
    public func unsubscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame] {
        frames(streams, firstRequest, isEnd: true)
    }

    /// What stands behind the instrument in the topic: `trade.detail`, `kline.1min`, `funding_rate`.
    public func channelName(of stream: VenueStream) -> String { HTXChannels.name(of: stream) }

    private func frames(_ streams: [VenueStream], _ firstRequest: Int64, isEnd: Bool) -> [OutboundFrame] {
        streams.enumerated().map { place, stream in
            let request = firstRequest + Int64(place)
            let text =
                HTXChannels.isNotification(stream.channel)
                ? Self.notification(stream, request, isEnd) : Self.market(stream, request, isEnd)
            return OutboundFrame(text: text, request: request, streams: [stream])
        }
    }

    private static func market(_ stream: VenueStream, _ request: Int64, _ isEnd: Bool) -> String {
        let topic = "market.\(stream.venueSymbol).\(HTXChannels.name(of: stream))"
        // Without it the contracts' sockets push whole books.
        let form =
            stream.channel == .book && stream.market != .htxSpot && !isEnd
            ? ",\"data_type\":\"incremental\"" : ""
        return "{\"\(isEnd ? "unsub" : "sub")\":\"\(topic)\"\(form),\"id\":\"\(request)\"}"
    }

    private static func notification(_ stream: VenueStream, _ request: Int64, _ isEnd: Bool) -> String {
        let topic = "public.\(HTXChannels.owner(of: stream)).\(HTXChannels.name(of: stream))"
        return "{\"op\":\"\(isEnd ? "unsub" : "sub")\",\"cid\":\"\(request)\",\"topic\":\"\(topic)\"}"
    }
}

/// HTX's names of our channels.
enum HTXChannels {
    /// The name in a topic and in its acknowledgement.
    static func name(of stream: VenueStream) -> String {
        switch stream.channel {
        case .trade: "trade.detail"
        case .bbo: "bbo"
        case .book: stream.market == .htxSpot ? "mbp.\(HTXBookSync.levels)" : "depth.size_150.high_freq"
        case .candle: "kline.\(stream.interval.flatMap(HTXPeriods.name) ?? "1min")"
        case .ticker: "detail"
        case .funding: "funding_rate"
        case .openInterest: "open_interest"
        case .liquidation: "liquidation_orders"
        }
    }

    /// Whether a channel is on the sockets that speak `op`.
    static func isNotification(_ channel: Channel) -> Bool { channel == .funding || channel == .liquidation }

    /// Whom a notification's topic names: the contract; on dated coin-margined contracts the coin.
    static func owner(of stream: VenueStream) -> String {
        guard stream.market == .htxFutures else { return stream.venueSymbol }
        return String(stream.venueSymbol.prefix { !$0.isNumber })
    }
}

/// HTX's names of intervals; from a day on, they begin at midnight of UTC+8 (venue sheet 3.3).
enum HTXPeriods {
    static let all: [(text: StaticString, interval: CandleInterval)] = [
        ("1min", CandleInterval(.minute1)), ("5min", CandleInterval(.minute5)),
        ("15min", CandleInterval(.minute15)), ("30min", CandleInterval(.minute30)),
        ("60min", CandleInterval(.hour1)), ("4hour", CandleInterval(.hour4)),
        ("1day", CandleInterval(.day1, zoneHours: 8)), ("1week", CandleInterval(.week1, zoneHours: 8)),
        ("1mon", CandleInterval(.month1, zoneHours: 8)),
    ]

    /// HTX's name of an interval, or nil where it has none.
    static func name(_ interval: CandleInterval) -> String? {
        all.first { $0.interval == interval }?.text.description
    }
}
