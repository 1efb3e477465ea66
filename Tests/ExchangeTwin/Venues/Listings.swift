// Part of MarketBus. Apache License 2.0, see LICENSE.

/// What the venues list for a coin, in the order of the instrument lists; one function a venue, in its own file.
enum Listings {
    /// All instruments of the generated world, coin by coin.
    static func instruments(
        _ coins: [Coin],
        milliseconds: Int,
        random: inout RandomSource
    ) -> [Instrument] {
        let expiries = Universe.expiries(at: milliseconds)
        return coins.flatMap { coin in
            Venue.allCases.flatMap { venue in
                listings(venue, coin, expiries).map {
                    Instrument($0, venue: venue, base: coin.name, coin: coin.index, random: &random)
                }
            }
        }
    }

    private static func listings(_ venue: Venue, _ coin: Coin, _ expiries: [Expiry]) -> [Listing] {
        switch venue {
        case .binance: binance(coin, expiries)
        case .okx: okx(coin, expiries)
        case .htx: htx(coin, expiries)
        case .coinbase: coinbase(coin)
        case .gateway: gateway(coin)
        }
    }

    private static func binance(_ coin: Coin, _ expiries: [Expiry]) -> [Listing] {
        let tick = Step(decimals: coin.futuresTick)
        let linear = Listing(
            segment: .linear,
            name: "\(coin.name)USDT",
            quote: "USDT",
            tick: tick,
            lot: Step(decimals: coin.futuresLot),
            priceDigits: tick.scale,
            sizeDigits: max(0, coin.futuresLot)
        )
        let inverse = Listing(
            segment: .inverse,
            name: "\(coin.name)USD_PERP",
            quote: "USD",
            tick: tick,
            lot: Step(decimals: 0),
            contract: coin.dollars,
            priceDigits: tick.scale,
            sizeDigits: 0
        )
        var all = [
            Listing(
                segment: .spot,
                name: "\(coin.name)USDT",
                quote: "USDT",
                tick: Step(decimals: coin.spotTick),
                lot: Step(decimals: coin.spotLot),
                priceDigits: 8,
                sizeDigits: 8
            ), linear,
        ]
        if coin.hasInverse { all.append(inverse) }
        guard coin.hasDated else { return all }
        all += expiries.flatMap { expiry in
            [dated(linear, expiry, "\(coin.name)USDT_"), dated(inverse, expiry, "\(coin.name)USD_")]
        }
        return all
    }

    private static func okx(_ coin: Coin, _ expiries: [Expiry]) -> [Listing] {
        let tick = Step(decimals: coin.okxTick)
        let lot = Step(decimals: coin.index < 2 ? 2 : 1)
        let linear = Listing(
            segment: .linear,
            name: "\(coin.name)-USDT-SWAP",
            quote: "USDT",
            tick: tick,
            lot: lot,
            contract: Step(decimals: coin.contract)
        )
        let inverse = Listing(
            segment: .inverse,
            name: "\(coin.name)-USD-SWAP",
            quote: "USD",
            tick: tick,
            lot: lot,
            contract: coin.dollars
        )
        let spot = Listing(
            segment: .spot,
            name: "\(coin.name)-USDT",
            quote: "USDT",
            tick: tick,
            lot: Step(decimals: coin.spotLot + 3)
        )
        var all = coin.hasInverse ? [spot, linear, inverse] : [spot, linear]
        guard coin.hasDated else { return all }
        all += expiries.flatMap { expiry in
            [dated(linear, expiry, "\(coin.name)-USDT-"), dated(inverse, expiry, "\(coin.name)-USD-")]
        }
        return all
    }

    /// A perpetual's rules with an end.
    static func dated(_ perpetual: Listing, _ expiry: Expiry, _ prefix: String) -> Listing {
        var listing = perpetual
        listing.name = prefix + expiry.date
        listing.expiry = expiry
        return listing
    }
}
