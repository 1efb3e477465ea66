// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import VenueKit

extension __NAME__Venue {
    /// One message a stream, acknowledged by its id.
    public func subscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame] {
        frames("subscribe", streams, firstRequest)
    }

    /// One message a stream.
    public func unsubscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame] {
        frames("unsubscribe", streams, firstRequest)
    }

    private func frames(
        _ operation: String,
        _ streams: [VenueStream],
        _ firstRequest: Int64
    ) -> [OutboundFrame] {
        streams.enumerated().map { place, stream in
            let request = firstRequest + Int64(place)
            let text =
                "{\"id\":\(request),\"op\":\"\(operation)\",\"channel\":\"\(stream.channel.name)\","
                + "\"symbol\":\"\(stream.venueSymbol)\"}"
            return OutboundFrame(text: text, request: request, streams: [stream])
        }
    }
}
