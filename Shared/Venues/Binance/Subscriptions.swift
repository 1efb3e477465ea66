// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import VenueKit

extension BinanceVenue {
    /// How many streams one message asks for: its text stays below 4 KB, far from any documented limit.
    private static let streamsPerMessage = 100

    /// One `SUBSCRIBE` a hundred streams; Binance answers each with its id.
    public func subscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame] {
        frames("SUBSCRIBE", streams, firstRequest)
    }

    /// One `UNSUBSCRIBE` a hundred streams.
    public func unsubscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame] {
        frames("UNSUBSCRIBE", streams, firstRequest)
    }

    private func frames(_ method: String, _ streams: [VenueStream], _ firstRequest: Int64) -> [OutboundFrame]
    {
        var frames: [OutboundFrame] = []
        var rest = streams[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.streamsPerMessage)
            rest = rest.dropFirst(part.count)
            let request = firstRequest + Int64(frames.count)
            let names = part.map { "\"" + BinanceSymbols.streamName($0) + "\"" }
            let text =
                "{\"method\":\"\(method)\",\"params\":[\(names.joined(separator: ","))],\"id\":\(request)}"
            frames.append(OutboundFrame(text: text, request: request, streams: Array(part)))
        }
        return frames
    }
}
