// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A message of the protocol's page and what becomes of it.
struct Sample: Sendable {
    let name: String
    let frame: String
    let seen: [String]
    /// The fields without which there is no event.
    let required: [String]
}

/// The messages of the page "The gateway's protocol".
enum Frames {
    static let trade = Sample(
        name: "TRADE",
        frame: """
            {"type":"TRADE","symbol":"BTC-USDT","id":81204417,"price":"83712.55","size":"0.0142","side":"buy",\
            "time_us":1763731200123456}
            """,
        seen: ["trade BTC-USDT 81204417 buy 83712.55 x 0.0142 at 1763731200123456"],
        required: ["symbol", "id", "price", "size", "side", "time_us"]
    )
    static let quote = Sample(
        name: "QUOTE",
        frame: """
            {"type":"QUOTE","symbol":"BTC-USDT","seq":900123,"bid":"83712.54","bid_size":"0.61","ask":"83712.55",\
            "ask_size":"0.2","time_us":1763731200123999}
            """,
        seen: ["quote BTC-USDT 900123 83712.54 x 0.61 / 83712.55 x 0.2 at 1763731200123999"],
        required: ["symbol", "seq", "bid", "ask", "time_us"]
    )
    static let bar = Sample(
        name: "BAR",
        frame: """
            {"type":"BAR","symbol":"BTC-USDT","resolution":"1m","open_us":1763731200000000,"open":"83700","high":"83720.1",\
            "low":"83699.9","close":"83712.55","volume":"12.0442","quote_volume":"1008163.55","trades":318,"closed":false,\
            "time_us":1763731230000000}
            """,
        seen: [
            "candle BTC-USDT 1m 1763731200000000 83700 83720.1 83699.9 83712.55 volume 12.0442 quote 1008163.55 trades 318 "
                + "open at 1763731230000000"
        ],
        required: [
            "symbol", "resolution", "open_us", "open", "high", "low", "close", "volume", "closed", "time_us",
        ]
    )
    static let all = [trade, quote, bar]
    static let connected = """
        {"type":"CONNECTED","session":"5f3a9c01","market_type":"spot","symbols":["BTC-USDT","ETH-USDT"],\
        "resolutions":["1m"],"ticks":["trade","quote"],"heartbeat_ms":5000,"time_us":1763731200000000}
        """
}
