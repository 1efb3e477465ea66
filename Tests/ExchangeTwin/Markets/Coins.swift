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
    /// Decimals of the size of a contract where the venue counts contracts: 2 means 0.01 coins, -1 ten coins.
    var contract: Int
    /// Position in the list of coins.
    var index = 0

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

    /// The first five coins also have inverse contracts, the first two dated ones.
    var hasInverse: Bool { index < 5 }
    var hasDated: Bool { index < 2 }
    /// Quote units in one inverse contract.
    var dollars: Step { Step(mantissa: index == 0 ? 100 : 10, scale: 0) }
}

/// The coins of the generated world.
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
        for index in coins.indices { coins[index].index = index }
        return coins
    }

    /// The ends of the running and the next quarter: their last Fridays, 08:00 UTC.
    static func expiries(at milliseconds: Int) -> [Expiry] {
        let today = quotient(milliseconds, 86_400_000)
        var quarter = quotient(Calendar.month(ofDay: today), 3) * 3
        var found: [Expiry] = []
        while found.count < 2 {
            let last = Calendar.day(ofMonth: quarter + 3) - 1
            // 1970-01-01 was a Thursday.
            let friday = last - modulo(last - 1, 7)
            quarter += 3
            guard friday * 86_400_000 + 28_800_000 > milliseconds else { continue }
            let month = Calendar.month(ofDay: friday)
            let (year, ofYear) = (month / 12 % 100, month % 12 + 1)
            let day = friday - Calendar.day(ofMonth: month) + 1
            let date = [year, ofYear, day].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined()
            let time = friday * 86_400_000 + 28_800_000
            found.append(Expiry(date: date, milliseconds: time, quarter: found.count))
        }
        return found
    }
}
