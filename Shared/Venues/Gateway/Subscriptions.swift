// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import VenueKit

extension GatewayVenue {
    /// `CONNECT` with the first group of streams; all others follow by `SUBSCRIBE` once the gateway has answered.
    public func greeting(for streams: [VenueStream]) -> String? {
        let market = streams.first?.market ?? .gatewaySpot
        let members = GatewayChannels.groups(streams).first?.members ?? GatewayChannels.Group.noMembers
        let token = GatewaySigningRecipe.quoted(token)
        return
            "{\"type\":\"CONNECT\",\"csrf_token\":\(token),\"market_type\":\"\(market.name)\",\(members)}"
    }

    /// One `SUBSCRIBE` a group of symbols of which the same is wanted.
    public func subscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame] {
        frames("SUBSCRIBE", streams, firstRequest)
    }

    /// One `UNSUBSCRIBE` a group of symbols of which the same is wanted.
    public func unsubscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame] {
        frames("UNSUBSCRIBE", streams, firstRequest)
    }

    /// `trade`, `quote` or the bars' resolution.
    public func channelName(of stream: VenueStream) -> String { GatewayChannels.name(of: stream) }

    private func frames(
        _ type: String,
        _ streams: [VenueStream],
        _ firstRequest: Int64
    ) -> [OutboundFrame] {
        GatewayChannels.groups(streams).enumerated().map { place, group in
            let request = firstRequest + Int64(place)
            let text = "{\"type\":\"\(type)\",\"request\":\"\(request)\",\(group.members)}"
            return OutboundFrame(text: text, request: request, streams: group.streams)
        }
    }
}

/// The gateway's names of our channels.
enum GatewayChannels {
    /// The bars that there are.
    static let resolutions = [
        CandleInterval(.minute1), CandleInterval(.minute5), CandleInterval(.minute15), CandleInterval(.hour1),
        CandleInterval(.hour4), CandleInterval(.day1),
    ]
    /// How many symbols one message names, so that it stays far below 64 KiB.
    private static let symbolsPerMessage = 500

    /// Symbols of which the same is wanted.
    struct Group {
        var symbols: [String] = []
        var channels: [String] = []
        var streams: [VenueStream] = []

        /// The members that `CONNECT`, `SUBSCRIBE` and `UNSUBSCRIBE` share.
        var members: String {
            let ticks = channels.filter { $0 == "trade" || $0 == "quote" }
            let bars = channels.filter { !ticks.contains($0) }
            return
                "\"symbols\":[\(Self.list(symbols))],\"resolutions\":[\(Self.list(bars))],\"ticks\":[\(Self.list(ticks))]"
        }

        static let noMembers = Group().members

        private static func list(_ words: [String]) -> String {
            words.map { "\"\($0)\"" }.joined(separator: ",")
        }
    }

    /// The name in messages.
    static func name(of stream: VenueStream) -> String {
        switch stream.channel {
        case .trade: "trade"
        case .bbo: "quote"
        case .candle: stream.interval?.name ?? "1m"
        case .book, .ticker, .funding, .openInterest, .liquidation: "none"
        }
    }

    /// The streams in groups, in the order in which their symbols first occur; the largest group of them first.
    static func groups(_ streams: [VenueStream]) -> [Group] {
        var order: [String] = []
        var bySymbol: [String: [VenueStream]] = [:]
        for stream in streams {
            if bySymbol[stream.venueSymbol] == nil { order.append(stream.venueSymbol) }
            bySymbol[stream.venueSymbol, default: []].append(stream)
        }
        var groups: [Group] = []
        for symbol in order {
            let wanted = bySymbol[symbol] ?? []
            let channels = wanted.map(name(of:)).sorted()
            let place = groups.firstIndex {
                $0.channels == channels && $0.symbols.count < symbolsPerMessage
            }
            let index = place ?? groups.count
            if place == nil { groups.append(Group(channels: channels)) }
            groups[index].symbols.append(symbol)
            groups[index].streams += wanted
        }
        guard let largest = groups.indices.max(by: { groups[$0].symbols.count < groups[$1].symbols.count })
        else {
            return []
        }
        groups.swapAt(0, largest)
        return groups
    }
}
