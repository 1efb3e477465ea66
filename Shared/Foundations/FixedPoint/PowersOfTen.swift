// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Powers of ten that fit, from tables.
enum PowersOfTen {
    /// 10^exponent, or nil beyond 10^38.
    static func int128(_ exponent: UInt8) -> Int128? {
        guard exponent <= 38 else { return nil }
        if exponent <= 18 { return Int128(uint64(exponent)) }
        return Int128(uint64(18)) * int128High(exponent - 18)
    }

    /// 10^exponent for exponents up to 19; 1 beyond, which callers exclude.
    static func uint64(_ exponent: UInt8) -> UInt64 {
        switch exponent {
        case 0: 1
        case 1: 10
        case 2: 100
        case 3: 1000
        case 4: 10_000
        case 5: 100_000
        case 6: 1_000_000
        case 7: 10_000_000
        case 8: 100_000_000
        case 9: 1_000_000_000
        case 10: 10_000_000_000
        case 11: 100_000_000_000
        case 12: 1_000_000_000_000
        case 13: 10_000_000_000_000
        case 14: 100_000_000_000_000
        case 15: 1_000_000_000_000_000
        case 16: 10_000_000_000_000_000
        case 17: 100_000_000_000_000_000
        case 18: 1_000_000_000_000_000_000
        case 19: 10_000_000_000_000_000_000
        default: 1
        }
    }

    private static func int128High(_ exponent: UInt8) -> Int128 {
        if exponent <= 18 { return Int128(uint64(exponent)) }
        return Int128(uint64(18)) * Int128(uint64(exponent - 18))
    }
}
