// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc

/// What a coin's markets look like: price to start at, and decimals of ticks and lots at each venue.
struct Coin {
    var name: String
    var price: Double
    var spotTick: Int
    var futuresTick: Int
    var okxTick: Int
    var spotLot: Int
    var futuresLot: Int
    /// Decimals of the size of an OKX contract: 2 means 0.01 coins, -1 ten coins.
    var contract: Int

    /// Log of fair price over start price, beside the common factor.
    var drift = 0.0
    var fair: Double

    init(_ name: String, _ price: Double, ticks: (Int, Int, Int), lots: (Int, Int), contract: Int) {
        self.name = name
        self.price = price
        (spotTick, futuresTick, okxTick) = ticks
        (spotLot, futuresLot) = lots
        self.contract = contract
        fair = price
    }
}

/// The coins and instruments of the generated world.
enum Universe {
    private static let known: [Coin] = [
        Coin("BTC", 83_700, ticks: (2, 1, 1), lots: (5, 3), contract: 2),
        Coin("ETH", 3_120, ticks: (2, 2, 2), lots: (4, 3), contract: 1),
        Coin("SOL", 186, ticks: (2, 2, 2), lots: (3, 0), contract: 0),
        Coin("XRP", 2.21, ticks: (4, 4, 4), lots: (1, 1), contract: -2),
        Coin("BNB", 905, ticks: (2, 2, 1), lots: (3, 2), contract: 2),
        Coin("DOGE", 0.163, ticks: (5, 5, 5), lots: (0, 0), contract: -3),
        Coin("ADA", 0.462, ticks: (4, 5, 4), lots: (1, 0), contract: -2),
        Coin("LINK", 14.1, ticks: (2, 3, 3), lots: (2, 2), contract: 0),
        Coin("AVAX", 15.4, ticks: (2, 3, 2), lots: (2, 0), contract: 0),
        Coin("LTC", 91.5, ticks: (2, 2, 2), lots: (3, 3), contract: 0),
        Coin("DOT", 2.61, ticks: (3, 3, 3), lots: (2, 1), contract: 0),
        Coin("TRX", 0.281, ticks: (4, 5, 5), lots: (1, 0), contract: -3),
        Coin("BCH", 512, ticks: (1, 2, 1), lots: (3, 3), contract: 1),
        Coin("UNI", 7.3, ticks: (3, 4, 3), lots: (2, 0), contract: 0),
        Coin("ATOM", 2.95, ticks: (3, 3, 3), lots: (2, 2), contract: 0),
        Coin("NEAR", 2.12, ticks: (3, 4, 3), lots: (1, 0), contract: -1),
        Coin("APT", 3.05, ticks: (3, 4, 3), lots: (2, 1), contract: 0),
        Coin("FIL", 1.74, ticks: (3, 3, 3), lots: (2, 1), contract: 1),
        Coin("ARB", 0.234, ticks: (4, 5, 4), lots: (1, 1), contract: -1),
        Coin("SUI", 1.68, ticks: (4, 5, 4), lots: (1, 1), contract: 0),
    ]
    /// Coins that also have an inverse contract.
    private static let inverse = 5

    static func coins(_ count: Int, random: inout RandomSource) -> [Coin] {
        var coins = Array(known.prefix(count))
        for index in stride(from: known.count + 1, through: count, by: 1) {
            let price = exp(log(0.002) + random.unit() * (log(400) - log(0.002)))
            let magnitude = Int(log10(price).rounded(.down))
            let decimals = max(1, 4 - magnitude)
            let lot = max(0, magnitude + 1)
            let ticks = (decimals, decimals, decimals)
            coins.append(
                Coin("GEN\(index)", price, ticks: ticks, lots: (lot, lot), contract: min(2, magnitude - 1))
            )
        }
        return coins
    }

    static func instruments(_ coins: [Coin], random: inout RandomSource) -> [Instrument] {
        var all: [Instrument] = []
        let one = Step(decimals: 0)
        for (index, coin) in coins.enumerated() {
            func add(_ venue: Venue, _ segment: Segment, tick: Int, lot: Step, contract: Step) {
                all.append(
                    Instrument(
                        venue: venue,
                        segment: segment,
                        base: coin.name,
                        coin: index,
                        tick: Step(decimals: tick),
                        lot: lot,
                        contract: contract,
                        random: &random
                    )
                )
            }
            let small = Step(decimals: index < 2 ? 2 : 1)
            add(.binance, .spot, tick: coin.spotTick, lot: Step(decimals: coin.spotLot), contract: one)
            add(.okx, .spot, tick: coin.okxTick, lot: Step(decimals: coin.spotLot + 3), contract: one)
            add(
                .binance,
                .linear,
                tick: coin.futuresTick,
                lot: Step(decimals: coin.futuresLot),
                contract: one
            )
            add(.okx, .linear, tick: coin.okxTick, lot: small, contract: Step(decimals: coin.contract))
            guard index < inverse else { continue }
            let dollars = Step(mantissa: index == 0 ? 100 : 10, scale: 0)
            add(.binance, .inverse, tick: coin.futuresTick, lot: one, contract: dollars)
            add(.okx, .inverse, tick: coin.okxTick, lot: small, contract: dollars)
        }
        return all
    }
}
