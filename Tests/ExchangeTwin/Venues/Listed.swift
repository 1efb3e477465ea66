// Part of MarketBus. Apache License 2.0, see LICENSE.

/// One row of an instrument list, from the generated world or guessed from a session's symbols.
struct Listed {
    var segment: Segment
    var name: String
    var base: String
    var quote: String
    var tick: Step
    var lot: Step
    var contract: Step
    var expiry: Expiry?
}

extension Exchange {
    /// What the venue's instrument answer lists for one kind of market.
    func listed(_ venue: Venue, _ segment: Segment) -> [Listed] {
        guard player.isOn else {
            return instruments(venue, segment).map {
                Listed(
                    segment: segment,
                    name: $0.name,
                    base: $0.base,
                    quote: $0.quote,
                    tick: $0.tick,
                    lot: $0.lot,
                    contract: $0.contract,
                    expiry: $0.expiry
                )
            }
        }
        return player.symbols(venue, segment).compactMap { Listed(guessing: $0, venue, segment) }
    }
}

extension Listed {
    private static let quotes = [
        "USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USD", "BTC", "ETH", "BNB", "EUR", "TRY", "BRL", "AUD",
        "GBP", "JPY",
    ]

    /// A row for a symbol of which only the name is known; ticks and lots are fine enough for any frame.
    init?(guessing name: String, _ venue: Venue, _ segment: Segment) {
        let parts: [String]
        if venue == .okx {
            parts = name.split(separator: "-").map(String.init)
        } else {
            let pair = name.split(separator: "_").first.map(String.init) ?? name
            guard let quote = Listed.quotes.first(where: { pair.hasSuffix($0) && pair != $0 }) else {
                return nil
            }
            parts = [String(pair.dropLast(quote.count)), quote]
        }
        guard parts.count >= 2 else { return nil }
        self.segment = segment
        self.name = name
        base = parts[0]
        quote = parts[1]
        tick = Step(decimals: segment == .spot ? 8 : 6)
        lot = segment == .inverse ? Step(decimals: venue == .okx ? 1 : 0) : Step(decimals: 8)
        let bitcoin = base == "BTC"
        switch (venue, segment) {
        case (_, .inverse): contract = Step(mantissa: bitcoin ? 100 : 10, scale: 0)
        case (.okx, .linear): contract = Step(decimals: bitcoin ? 2 : base == "ETH" ? 1 : 0)
        default: contract = Step(decimals: 0)
        }
    }
}
