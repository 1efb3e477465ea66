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

    /// Streams that share a topic share its message.
    private func frames(_ streams: [VenueStream], _ firstRequest: Int64, isEnd: Bool) -> [OutboundFrame] {
        var topics: [String] = []
        var members: [String: [VenueStream]] = [:]
        for stream in streams {
            for topic in HTXChannels.topics(of: stream) {
                if members[topic] == nil { topics.append(topic) }
                members[topic, default: []].append(stream)
            }
        }
        return topics.enumerated().compactMap { place, topic in
            guard let streams = members[topic], let first = streams.first else { return nil }
            // Other contracts may share a coin's topic: it goes on.
            if isEnd, HTXChannels.isShared(first) { return nil }
            let request = firstRequest + Int64(place)
            let text = Self.text(topic, of: first, request, isEnd)
            return OutboundFrame(text: text, request: request, streams: streams)
        }
    }

    private static func text(
        _ topic: String,
        of stream: VenueStream,
        _ request: Int64,
        _ isEnd: Bool
    ) -> String {
        let verb = isEnd ? "unsub" : "sub"
        if HTXChannels.isNotification(stream) {
            return "{\"op\":\"\(verb)\",\"cid\":\"\(request)\",\"topic\":\"\(topic)\"}"
        }
        // Without it the contracts' sockets push whole books.
        let isIncremental = stream.channel == .book && stream.market != .htxSpot && !isEnd
        let form = isIncremental ? ",\"data_type\":\"incremental\"" : ""
        return "{\"\(verb)\":\"\(topic)\"\(form),\"id\":\"\(request)\"}"
    }
}

/// HTX's names of our channels.
enum HTXChannels {
    /// The name in a topic and in its acknowledgement.
    static func name(of stream: VenueStream) -> String {
        if stream.isReference { return "mark_price.1min" }
        return switch stream.channel {
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

    /// The topics of a stream; a reference's are the mark and the index price.
    static func topics(of stream: VenueStream) -> [String] {
        if stream.isReference {
            return [
                "market.\(stream.venueSymbol).index.1min", "market.\(stream.venueSymbol).mark_price.1min",
            ]
        }
        guard isNotification(stream) else { return ["market.\(stream.venueSymbol).\(name(of: stream))"] }
        // On dated coin-margined contracts a notification is about a coin.
        let owner =
            isShared(stream) ? String(stream.venueSymbol.dropLast(6)) : stream.venueSymbol
        return ["public.\(owner).\(name(of: stream))"]
    }

    /// Whether a stream is on the sockets that speak `op`.
    static func isNotification(_ stream: VenueStream) -> Bool {
        !stream.isReference && (stream.channel == .funding || stream.channel == .liquidation)
    }

    /// Whether other streams may have the same topic.
    static func isShared(_ stream: VenueStream) -> Bool {
        isNotification(stream) && stream.market == .htxFutures
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
