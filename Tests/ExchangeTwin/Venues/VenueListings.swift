// Part of MarketBus. Apache License 2.0, see LICENSE.

// What HTX, Coinbase and the gateway list for a coin.
extension Listings {
    /// Spot in coins; contracts in whole contracts of a tenth of OKX's size, perpetual, dated and inverse.
    static func htx(_ coin: Coin, _ expiries: [Expiry]) -> [Listing] {
        let spot = Listing(
            segment: .spot,
            name: "\(coin.name)USDT".lowercased(),
            quote: "USDT",
            tick: Step(decimals: coin.spotTick),
            lot: Step(decimals: coin.spotLot + 1)
        )
        let linear = Listing(
            segment: .linear,
            name: "\(coin.name)-USDT",
            quote: "USDT",
            tick: Step(decimals: coin.futuresTick),
            lot: Step(decimals: 0),
            contract: Step(decimals: coin.contract + 1)
        )
        var all = [spot, linear]
        if coin.hasInverse {
            all.append(
                Listing(
                    segment: .inverse,
                    name: "\(coin.name)-USD",
                    quote: "USD",
                    tick: Step(decimals: coin.futuresTick),
                    lot: Step(decimals: 0),
                    contract: coin.dollars
                )
            )
        }
        guard coin.hasDated else { return all }
        var inverse = linear
        inverse.segment = .inverse
        inverse.quote = "USD"
        inverse.contract = coin.dollars
        return all + expiries.map { dated(linear, $0, "\(coin.name)-USDT-") }
            + expiries.map { dated(inverse, $0, coin.name) }
    }

    /// Spot only, for dollars and for tethers.
    static func coinbase(_ coin: Coin) -> [Listing] {
        ["USD", "USDT"].map { quote in
            Listing(
                segment: .spot,
                name: "\(coin.name)-\(quote)",
                quote: quote,
                tick: Step(decimals: coin.spotTick),
                lot: Step(decimals: 8),
                priceDigits: max(0, coin.spotTick)
            )
        }
    }

    /// All three kinds under our own names; sizes in coins but for inverse contracts.
    static func gateway(_ coin: Coin) -> [Listing] {
        let tick = Step(decimals: coin.spotTick)
        var all = [
            Listing(
                segment: .spot,
                name: "\(coin.name)-USDT",
                quote: "USDT",
                tick: tick,
                lot: Step(decimals: coin.spotLot)
            ),
            Listing(
                segment: .linear,
                name: "\(coin.name)-USDT-PERP",
                quote: "USDT",
                tick: tick,
                lot: Step(decimals: coin.futuresLot)
            ),
        ]
        if coin.hasInverse {
            all.append(
                Listing(
                    segment: .inverse,
                    name: "\(coin.name)-USD-PERP",
                    quote: "USD",
                    tick: tick,
                    lot: Step(decimals: 0),
                    contract: coin.dollars
                )
            )
        }
        return all
    }
}
