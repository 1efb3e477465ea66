// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import VenueKit

extension OKXVenue {
    /// How many streams one message asks for: about 20 KB, below the documented 64.
    private static let streamsPerMessage = 300

    /// One `subscribe` up to three hundred streams; OKX answers each stream by its own acknowledgement.
    public func subscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame] {
        frames("subscribe", streams, firstRequest)
    }

    /// One `unsubscribe` up to three hundred streams.
    public func unsubscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame] {
        frames("unsubscribe", streams, firstRequest)
    }

    /// `trades`, `bbo-tbt`.
    public func channelName(of stream: VenueStream) -> String { OKXChannels.name(stream.channel) }

    private func frames(
        _ operation: String,
        _ streams: [VenueStream],
        _ firstRequest: Int64
    ) -> [OutboundFrame] {
        var frames: [OutboundFrame] = []
        var rest = streams[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.streamsPerMessage)
            rest = rest.dropFirst(part.count)
            let request = firstRequest + Int64(frames.count)
            let arguments = part.map { stream in
                "{\"channel\":\"\(OKXChannels.name(stream.channel))\",\"instId\":\"\(stream.venueSymbol)\"}"
            }
            let text =
                "{\"id\":\"\(request)\",\"op\":\"\(operation)\",\"args\":[\(arguments.joined(separator: ","))]}"
            frames.append(OutboundFrame(text: text, request: request, streams: Array(part)))
        }
        return frames
    }
}

/// OKX's names of our channels.
enum OKXChannels {
    /// The name in a subscription and in its acknowledgement.
    static func name(_ channel: Channel) -> String {
        switch channel {
        case .trade: "trades"
        case .bbo: "bbo-tbt"
        case .book: "books"
        case .candle: "candle1m"
        case .ticker: "tickers"
        case .funding: "funding-rate"
        case .openInterest: "open-interest"
        case .liquidation: "liquidation-orders"
        }
    }
}
