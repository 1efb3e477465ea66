// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A frame and what becomes of it.
struct Sample: Sendable {
    let frame: String
    let seen: [String]
    /// The fields without which there is no event.
    let required: [String]
}

/// Frames of the venue's documents; those here are the template's.
enum Frames {
    static let trade = Sample(
        frame: """
            {"type":"trade","symbol":"BTC-USDT","id":7,"price":"83712.55","size":"0.0142","side":"buy",\
            "time":1763731200123}
            """,
        seen: ["trade BTC-USDT 7 buy 83712.55 x 0.0142 at 1763731200123000"],
        required: ["symbol", "id", "price", "size", "side"]
    )
    static let quote = Sample(
        frame: """
            {"type":"quote","symbol":"BTC-USDT","seq":9,"bid":"83712.54","bid_size":"0.61","ask":"83712.55",\
            "ask_size":"0.2","time":1763731200123}
            """,
        seen: ["quote BTC-USDT 9 83712.54 x 0.61 / 83712.55 x 0.2 at 1763731200123000"],
        required: ["symbol", "bid_size", "ask_size"]
    )
    static let all = [trade, quote]
}
