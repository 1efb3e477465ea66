// Part of MarketBus. Apache License 2.0, see LICENSE.

import VenueKit

extension CoinbaseVenue {
    /// What tells frames apart, and what each kind looks like by the venue's documents.
    public var frameSheet: FrameSheet {
        FrameSheet(
            words: [
                FrameWord("type"), FrameWord("channel"),
            ],
            shapes: Self.frameShapes
        )
    }

    // Made by deploy/scripts/frame-shapes.sh from Tests/Unit/DriftTests/Samples.
    private static let frameShapes = """
        * type=subscriptions {type:s channels:[{name:s product_ids:[s] account_ids?:0}]}
        * type=error {type:s message:s reason?:s}
        * type=ticker {type:s sequence:n product_id:s price:s open_24h:s volume_24h:s low_24h:s high_24h:s
          volume_30d:s best_bid:s best_bid_size:s best_ask:s best_ask_size:s side:s time:s trade_id:n
          last_size:s}
        * type=last_match {type:s trade_id:n maker_order_id:s taker_order_id:s side:s size:s price:s
          product_id:s sequence:n time:s}
        * type=match {type:s trade_id:n maker_order_id:s taker_order_id:s side:s size:s price:s product_id:s
          sequence:n time:s}
        * type=heartbeat {type:s sequence:n last_trade_id:n product_id:s time:s}
        * type=snapshot {type:s product_id:s bids:[(s s)] asks:[(s s)] time:s}
        * type=l2update {type:s product_id:s changes:[(s s s)] time:s}
        * channel=subscriptions {channel:s timestamp:s sequence_num:n events:[{subscriptions:{level2?:[s]
          market_trades?:[s] ticker?:[s] ticker_batch?:[s] candles?:[s] status?:[s] heartbeats?:[s]}}]}
        * channel=heartbeats {channel:s timestamp:s sequence_num:n events:[{current_time:s
          heartbeat_counter:n}]}
        * channel=ticker {channel:s timestamp:s sequence_num:n events:[{type:s tickers:[{type:s product_id:s
          price:s volume_24_h:s low_24_h:s high_24_h:s low_52_w:s high_52_w:s price_percent_chg_24_h:s
          best_bid:s best_bid_quantity:s best_ask:s best_ask_quantity:s}]}]}
        * channel=market_trades {channel:s timestamp:s sequence_num:n events:[{type:s trades:[{trade_id:s
          product_id:s price:s size:s side:s time:s}]}]}
        * channel=l2_data {channel:s timestamp:s sequence_num:n events:[{type:s product_id:s
          updates:[{side:s event_time:s price_level:s new_quantity:s}]}]}
        * channel=candles {channel:s timestamp:s sequence_num:n events:[{type:s candles:[{start:s high:s
          low:s open:s close:s volume:s product_id:s}]}]}
        * type=status {type:s currencies:[] products:[{id:s base_currency:s quote_currency:s
          base_increment:s quote_increment:s min_market_funds:s status:s status_message:s trading_disabled:b
          limit_only:b post_only:b cancel_only:b}]}
        """
}
