// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A decimal as mantissa × 10^-scale.
struct Step {
    var mantissa: Int
    var scale: Int

    /// 10^-`decimals`; a negative count means tens, hundreds and so on.
    init(decimals: Int) {
        mantissa = powerOfTen(-decimals)
        scale = max(0, decimals)
    }

    init(mantissa: Int, scale: Int) {
        self.mantissa = mantissa
        self.scale = scale
    }

    var approximate: Double { Double(mantissa) / Double(powerOfTen(scale)) }

    var text: String {
        let out = ByteBuffer()
        out.appendDecimal(mantissa, scale: scale, digits: nil)
        return out.text
    }
}

/// One tradable thing of one venue, its rules and the state of its generated market.
final class Instrument {
    let venue: Venue
    let segment: Segment
    let base: String
    let quote: String
    /// The venue's name: `BTCUSDT`, `BTC-USDT-SWAP`.
    let name: String
    let nameBytes: [UInt8]
    let tick: Step
    let lot: Step
    /// Base units (linear) or quote units (inverse) in one contract; 1 where the venue counts coins.
    let contract: Step
    /// Decimals on the wire; nil where the venue cuts trailing zeros.
    let priceDigits: Int?
    let sizeDigits: Int?
    /// Index of the coin whose fair price moves this market.
    let coin: Int

    var bidTicks = 0
    var askTicks = 0
    var bidLots = 0
    var askLots = 0
    /// Book sequence: Binance `u`, OKX `seqId`.
    var sequence: Int
    /// Last trade id, and last aggregate id.
    var tradeID: Int
    var aggregateID: Int
    /// Own deviation from the fair price, and the push of a crossed window; fractions.
    var noise = 0.0
    var shift = 0.0

    var bbo: Stream?
    var trade: Stream?
    var aggregate: Stream?

    init(
        venue: Venue,
        segment: Segment,
        base: String,
        coin: Int,
        tick: Step,
        lot: Step,
        contract: Step,
        random: inout RandomSource
    ) {
        self.venue = venue
        self.segment = segment
        self.base = base
        self.coin = coin
        self.tick = tick
        self.lot = lot
        self.contract = contract
        quote = segment == .inverse ? "USD" : "USDT"
        name = Instrument.name(venue, segment, base, quote)
        nameBytes = Array(name.utf8)
        let spotBinance = venue == .binance && segment == .spot
        priceDigits = venue == .okx ? nil : (spotBinance ? 8 : tick.scale)
        sizeDigits = venue == .okx ? nil : (spotBinance ? 8 : lot.scale)
        sequence = 1_000_000_000 + random.below(900_000_000_000)
        tradeID = 100_000_000 + random.below(3_000_000_000)
        aggregateID = tradeID / 2
    }

    private static func name(_ venue: Venue, _ segment: Segment, _ base: String, _ quote: String) -> String {
        switch (venue, segment) {
        case (.binance, .inverse): "\(base)\(quote)_PERP"
        case (.binance, _): base + quote
        case (.okx, .spot): "\(base)-\(quote)"
        case (.okx, _): "\(base)-\(quote)-SWAP"
        }
    }

    /// The pair of a futures contract without its term: `BTCUSD`.
    var pair: String { base + quote }

    var isActive: Bool {
        bbo?.wanted == true || trade?.wanted == true || aggregate?.wanted == true
    }
}

/// SplitMix64: small, seeded, the same everywhere.
struct RandomSource {
    private var state: UInt64

    init(seed: UInt64) { state = seed &+ 0x1234_5678_9ABC_DEF1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// 0 ..< `bound`, 0 when there is nothing to choose from.
    mutating func below(_ bound: Int) -> Int { bound > 0 ? Int(next() % UInt64(bound)) : 0 }

    /// 0 ..< 1.
    mutating func unit() -> Double { Double(next() >> 11) / 9_007_199_254_740_992.0 }

    /// About normal, mean 0, deviation 1: a sum of four uniform numbers.
    mutating func normal() -> Double { (unit() + unit() + unit() + unit() - 2) * 1.732 }
}
