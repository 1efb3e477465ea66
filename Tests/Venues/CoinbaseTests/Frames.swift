// Part of MarketBus. Apache License 2.0, see LICENSE.

import Coinbase
import Models
import VenueTestKit

/// A frame of the venue sheet and what becomes of it.
struct Sample: Sendable {
    let name: String
    let frame: String
    let seen: [String]
    /// The fields without which there is no event.
    var required: [String] = []
}

/// The venue sheet's own frames, sections 3 and 4.
enum Frames {
    static let lastMatch = Sample(
        name: "last_match",
        frame: """
            {"type":"last_match","trade_id":370843400,"maker_order_id":"ac928c66-ca53-498f-9c13-a110027a60e8",\
            "taker_order_id":"132fb6ae-456b-4654-b4e0-d681ac05cea1","side":"sell","size":"5.23512","price":"400.23",\
            "product_id":"BTC-USD","sequence":50,"time":"2014-11-07T08:19:27.028459Z"}
            """,
        seen: ["trade BTC-USD 370843400 buy 400.23 x 5.23512 at 1415348367028459"],
        required: ["trade_id", "side", "size", "price", "product_id"]
    )
    static let match = Sample(
        name: "match",
        frame: """
            {"type":"match","trade_id":370843401,"maker_order_id":"…","taker_order_id":"…","side":"buy","size":"0.01",\
            "price":"400.24","product_id":"BTC-USD","sequence":53,"time":"2014-11-07T08:19:28.464459Z"}
            """,
        seen: ["trade BTC-USD 370843401 sell 400.24 x 0.01 at 1415348368464459"],
        required: ["trade_id", "side", "size", "price", "product_id"]
    )
    static let ticker = Sample(
        name: "ticker",
        frame: """
            {"type":"ticker","sequence":37475248783,"product_id":"ETH-USD","price":"1285.22","open_24h":"1310.79",\
            "volume_24h":"245532.79269678","low_24h":"1280.52","high_24h":"1313.8","volume_30d":"9788783.60117027",\
            "best_bid":"1285.04","best_bid_size":"0.46688654","best_ask":"1285.27","best_ask_size":"1.56637040",\
            "side":"buy","time":"2022-10-19T23:28:22.061769Z","trade_id":370843401,"last_size":"11.4396987"}
            """,
        seen: [
            "ticker ETH-USD 1285.22 open 1310.79 high 1313.8 low 1280.52 volume 245532.79269678 quote none "
                + "number 37475248783 at 1666222102061769"
        ],
        required: ["product_id", "price"]
    )
    static let snapshot = Sample(
        name: "snapshot",
        frame: """
            {"type":"snapshot","product_id":"BTC-USD","bids":[["10101.10","0.45054140"]],\
            "asks":[["10102.55","0.57753524"]],"time":"2022-10-19T23:28:21.900000Z"}
            """,
        seen: ["book BTC-USD snapshot 10101.1 x 0.4505414 | 10102.55 x 0.57753524 at 1666222101900000"],
        required: ["product_id", "bids", "asks"]
    )
    static let change = Sample(
        name: "l2update",
        frame: """
            {"type":"l2update","product_id":"BTC-USD","changes":[["sell","10102.60","0.00000000"],\
            ["buy","10101.80000000","0.162567"],["sell","10103","1"]],"time":"2022-08-04T15:25:05.010758Z"}
            """,
        seen: ["book BTC-USD delta 10101.8 x 0.162567 | 10102.6 x 0, 10103 x 1 at 1659626705010758"],
        required: ["product_id", "changes"]
    )
    static let exchange = [lastMatch, match, ticker, snapshot, change]

    static let marketTrades = Sample(
        name: "market_trades",
        frame: """
            {"channel":"market_trades","client_id":"","timestamp":"2024-10-04T07:13:31.158696693Z","sequence_num":2,\
            "events":[{"type":"update","trades":[{"product_id":"ETH-USDT","trade_id":"22381691","price":"2375.56",\
            "size":"0.5","time":"2024-10-04T07:13:31.088388Z","side":"BUY"},{"product_id":"ETH-USDT",\
            "trade_id":"22381690","price":"2375.56","size":"0.5","time":"2024-10-04T07:13:31.084859Z","side":"SELL"}]}]}
            """,
        seen: [
            "trade ETH-USDT 22381690 buy 2375.56 x 0.5 at 1728026011084859",
            "trade ETH-USDT 22381691 sell 2375.56 x 0.5 at 1728026011088388",
        ]
    )
    static let advancedTicker = Sample(
        name: "advanced ticker",
        frame: """
            {"channel":"ticker","timestamp":"2026-04-07T14:30:03.000000Z","sequence_num":12,"events":[{"type":"snapshot",\
            "tickers":[{"type":"ticker","product_id":"BTC-USD","price":"68900.50","volume_24_h":"15328.12345678",\
            "low_24_h":"67500.00","high_24_h":"69200.00","low_52_w":"25000.00","high_52_w":"73800.00",\
            "price_percent_chg_24_h":"1.85","best_bid":"68900.00","best_bid_quantity":"1.50000000",\
            "best_ask":"68901.00","best_ask_quantity":"0.50000000"}]}]}
            """,
        seen: [
            "ticker BTC-USD 68900.5 open none high 69200 low 67500 volume 15328.12345678 quote none number none "
                + "at 1775572203000000"
        ]
    )
    static let advancedSnapshot = Sample(
        name: "l2_data snapshot",
        frame: """
            {"channel":"l2_data","timestamp":"2026-04-07T14:30:00.123456Z","sequence_num":1,"events":[{"type":"snapshot",\
            "product_id":"BTC-USD","updates":[{"side":"bid","event_time":"2026-04-07T14:30:00.123456Z",\
            "price_level":"68900.00","new_quantity":"1.50000000"},{"side":"offer",\
            "event_time":"2026-04-07T14:30:00.123457Z","price_level":"68901.00","new_quantity":"0.50000000"}]}]}
            """,
        seen: ["book BTC-USD snapshot 68900 x 1.5 | 68901 x 0.5 at 1775572200123457"]
    )
    static let advancedUpdate = Sample(
        name: "l2_data update",
        frame: """
            {"channel":"l2_data","timestamp":"2026-04-07T14:30:01.456789Z","sequence_num":2,"events":[{"type":"update",\
            "product_id":"BTC-USD","updates":[{"side":"offer","event_time":"2026-04-07T14:30:01.456789Z",\
            "price_level":"68901.00","new_quantity":"0.00000000"}]}]}
            """,
        seen: ["book BTC-USD delta  | 68901 x 0 at 1775572201456789"]
    )
    static let candles = Sample(
        name: "candles",
        frame: """
            {"channel":"candles","timestamp":"2026-04-07T14:30:05.000000Z","sequence_num":3,"events":[{"type":"update",\
            "candles":[{"start":"1775521800","high":"68950.00","low":"68850.00","open":"68900.00","close":"68920.50",\
            "volume":"42.15000000","product_id":"BTC-USD"}]}]}
            """,
        seen: [
            "candle BTC-USD 5m 1775521800000000 68900 68950 68850 68920.5 volume 42.15 quote none trades none "
                + "unflagged at 1775572205000000"
        ]
    )
    static let advanced = [marketTrades, advancedTicker, advancedSnapshot, advancedUpdate, candles]
    static let all = exchange + advanced
}
