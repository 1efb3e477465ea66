// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import VenueKit

extension OKXVenue {
    /// How many streams one message asks for: at most three arguments each, so below the documented 64 KB.
    private static let streamsPerMessage = 300

    /// One `subscribe` up to three hundred streams; OKX answers each argument by its own acknowledgement.
    public func subscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame] {
        frames("subscribe", streams, firstRequest) { OKXChannels.own($0) + OKXChannels.shared($0) }
    }

    /// One `unsubscribe` up to three hundred streams.
    ///
    /// What several streams share (an index, the liquidations of all swaps) runs on until the connection ends: the others
    /// may still need it.
    public func unsubscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame] {
        frames("unsubscribe", streams, firstRequest, OKXChannels.own)
    }

    /// `trades`, `bbo-tbt`, `candle1Dutc`.
    public func channelName(of stream: VenueStream) -> String {
        OKXChannels.name(stream.channel, stream.interval)
    }

    private func frames(
        _ operation: String,
        _ streams: [VenueStream],
        _ firstRequest: Int64,
        _ arguments: (VenueStream) -> [String]
    ) -> [OutboundFrame] {
        var frames: [OutboundFrame] = []
        var rest = streams[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.streamsPerMessage)
            rest = rest.dropFirst(part.count)
            var known: Set<String> = []
            let wanted = part.flatMap(arguments).filter { known.insert($0).inserted }
            guard !wanted.isEmpty else { continue }
            let request = firstRequest + Int64(frames.count)
            let text =
                "{\"id\":\"\(request)\",\"op\":\"\(operation)\",\"args\":[\(wanted.joined(separator: ","))]}"
            frames.append(OutboundFrame(text: text, request: request, streams: Array(part)))
        }
        return frames
    }
}

/// OKX's names of our channels.
enum OKXChannels {
    /// The name in a subscription and in its acknowledgement.
    static func name(_ channel: Channel, _ interval: CandleInterval? = nil) -> String {
        switch channel {
        case .trade: "trades"
        case .bbo: "bbo-tbt"
        case .book: "books"
        case .candle: "candle" + (interval.flatMap(OKXIntervals.bar) ?? "1m")
        case .ticker: "tickers"
        case .funding: "funding-rate"
        case .openInterest: "open-interest"
        case .liquidation: "liquidation-orders"
        }
    }

    /// OKX's name of a market's kind of instruments.
    static func kind(_ market: MarketID) -> String? {
        switch market {
        case .okxSpot: "SPOT"
        case .okxSwap: "SWAP"
        case .okxFutures: "FUTURES"
        default: nil
        }
    }

    /// The arguments that only this stream needs; funding comes with the mark price, which has a channel of its own.
    static func own(_ stream: VenueStream) -> [String] {
        if stream.channel == .liquidation { return [] }
        let name = argument(name(stream.channel, stream.interval), "instId", stream.venueSymbol)
        return stream.channel == .funding
            ? [name, argument("mark-price", "instId", stream.venueSymbol)] : [name]
    }

    /// The arguments that other streams need too: the index of all contracts on a pair, and liquidations, which can be had
    /// of all instruments of a kind only.
    static func shared(_ stream: VenueStream) -> [String] {
        switch stream.channel {
        case .funding:
            let pair = stream.venueSymbol.split(separator: "-").prefix(2).joined(separator: "-")
            return [argument("index-tickers", "instId", pair)]
        case .liquidation:
            return [argument(name(.liquidation), "instType", kind(stream.market) ?? "SWAP")]
        default:
            return []
        }
    }

    private static func argument(_ channel: String, _ key: String, _ value: String) -> String {
        "{\"channel\":\"\(channel)\",\"\(key)\":\"\(value)\"}"
    }
}
