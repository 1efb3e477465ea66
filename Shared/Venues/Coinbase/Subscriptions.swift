// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import VenueKit

extension CoinbaseVenue {
    /// Exchange takes many channels in one message and answers with the list of all that it sends; Advanced Trade takes
    /// one channel a message.
    public func subscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame] {
        let groups = CoinbaseChannels.groups(streams, api)
        guard api == .advanced else { return exchange("subscribe", groups, firstRequest, isKeptAlive: true) }
        return advanced("subscribe", groups, firstRequest, isKeptAlive: true)
    }

    /// The streams' products by channel; the heartbeats stay.
    public func unsubscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame] {
        let groups = CoinbaseChannels.groups(streams, api)
        guard api == .advanced else {
            return exchange("unsubscribe", groups, firstRequest, isKeptAlive: false)
        }
        return advanced("unsubscribe", groups, firstRequest, isKeptAlive: false)
    }

    /// The name in acknowledgements, one for all spellings of the book's channel.
    public func channelName(of stream: VenueStream) -> String { CoinbaseChannels.name(stream.channel, api) }

    private func exchange(
        _ operation: String,
        _ groups: [CoinbaseChannels.Group],
        _ firstRequest: Int64,
        isKeptAlive: Bool
    ) -> [OutboundFrame] {
        guard let first = groups.first?.products.first else { return [] }
        var channels = groups.map { group in
            let name = group.channel == CoinbaseChannels.book ? "level2_batch" : group.channel
            return "{\"name\":\"\(name)\",\"product_ids\":[\(Self.list(group.products))]}"
        }
        // One product's heartbeat a second keeps a connection of quiet products from looking dead.
        if isKeptAlive { channels.append("{\"name\":\"heartbeat\",\"product_ids\":[\(Self.list([first]))]}") }
        let text = "{\"type\":\"\(operation)\",\"channels\":[\(channels.joined(separator: ","))]}"
        return [OutboundFrame(text: text, request: firstRequest, streams: groups.flatMap(\.streams))]
    }

    private func advanced(
        _ operation: String,
        _ groups: [CoinbaseChannels.Group],
        _ firstRequest: Int64,
        isKeptAlive: Bool
    ) -> [OutboundFrame] {
        guard !groups.isEmpty else { return [] }
        var frames: [OutboundFrame] = []
        func add(_ members: String, _ streams: [VenueStream]) {
            let request = firstRequest + Int64(frames.count)
            let proof = key?.token().map { ",\"jwt\":\"\($0)\"" } ?? ""
            let text = "{\"type\":\"\(operation)\",\(members)\(proof)}"
            frames.append(OutboundFrame(text: text, request: request, streams: streams))
        }
        // Channels without updates are cut after a minute or so unless this one is subscribed beside them.
        if isKeptAlive { add("\"channel\":\"heartbeats\"", []) }
        for group in groups {
            add(
                "\"product_ids\":[\(Self.list(group.products))],\"channel\":\"\(group.channel)\"",
                group.streams
            )
        }
        return frames
    }

    private static func list(_ products: [String]) -> String {
        products.map { "\"\($0)\"" }.joined(separator: ",")
    }
}

/// Coinbase's names of our channels.
enum CoinbaseChannels {
    /// The book's channel, by which the best bid and ask come, too.
    static let book = "level2"
    /// The only length of the candles that are streamed.
    static let candleInterval = CandleInterval(.minute5)

    /// Streams that come by one channel, and their products, each once.
    struct Group {
        var channel: String
        var products: [String]
        var streams: [VenueStream]
    }

    /// The name in acknowledgements.
    static func name(_ channel: Channel, _ api: CoinbaseVenue.API) -> String {
        switch channel {
        case .trade: api == .exchange ? "matches" : "market_trades"
        case .bbo, .book: book
        case .ticker: "ticker"
        case .candle: "candles"
        case .funding, .openInterest, .liquidation: "none"
        }
    }

    /// What is acknowledged under this name: Exchange calls `level2_batch` also `level2_50`.
    static func canonical(_ acknowledged: String) -> String {
        acknowledged.hasPrefix(book) ? book : acknowledged
    }

    /// The streams by channel, in the order in which the channels first occur.
    static func groups(_ streams: [VenueStream], _ api: CoinbaseVenue.API) -> [Group] {
        var groups: [Group] = []
        for stream in streams {
            let channel = name(stream.channel, api)
            let place = groups.firstIndex { $0.channel == channel } ?? groups.count
            if place == groups.count { groups.append(Group(channel: channel, products: [], streams: [])) }
            if !groups[place].products.contains(stream.venueSymbol) {
                groups[place].products.append(stream.venueSymbol)
            }
            groups[place].streams.append(stream)
        }
        return groups
    }
}
