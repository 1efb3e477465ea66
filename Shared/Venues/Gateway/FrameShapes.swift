// Part of MarketBus. Apache License 2.0, see LICENSE.

import VenueKit

extension GatewayVenue {
    /// What tells frames apart, and what each kind looks like by the venue's documents.
    public var frameSheet: FrameSheet {
        FrameSheet(
            words: [
                FrameWord("type")
            ],
            shapes: Self.frameShapes
        )
    }

    // Made by deploy/scripts/frame-shapes.sh from Tests/Unit/DriftTests/Samples.
    private static let frameShapes = """
        * type=CONNECTED {type:s session:s market_type:s symbols:[s] resolutions:[s] ticks:[s]
          heartbeat_ms:n time_us:n}
        * type=SUBSCRIBED {type:s request:s symbols:[s] resolutions:[s] ticks:[s] time_us:n}
        * type=UNSUBSCRIBED {type:s request:s symbols:[s] resolutions:[] ticks:[s] time_us:n}
        * type=TRADE {type:s symbol:s id:n price:s size:s side:s time_us:n}
        * type=QUOTE {type:s symbol:s seq:n bid:s|0 bid_size:s|0 ask:s|0 ask_size:s|0 time_us:n}
        * type=BAR {type:s symbol:s resolution:s open_us:n open:s high:s low:s close:s volume:s
          quote_volume:s|0 trades:n closed:b time_us:n}
        * type=PING {type:s id:n}
        * type=CLOSING {type:s reason:s in_ms:n}
        * type=ERROR {type:s code:s symbol?:s message:s fatal:b request?:s resolution?:s}
        """
}
