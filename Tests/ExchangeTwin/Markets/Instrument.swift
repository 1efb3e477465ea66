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

/// What a venue lists for one coin: the rules of one instrument in the venue's own words.
struct Listing {
    var segment: Segment
    /// The venue's name: `BTCUSDT`, `BTC-USDT-SWAP`.
    var name: String
    var quote: String
    var tick: Step
    var lot: Step
    /// Base units (linear) or quote units (inverse) in one contract; 1 where the venue counts coins.
    var contract = Step(decimals: 0)
    /// Decimals on the wire; nil where the venue cuts trailing zeros.
    var priceDigits: Int?
    var sizeDigits: Int?
    var expiry: Expiry?
}

/// When a dated contract ends.
struct Expiry {
    /// `261225`.
    var date: String
    var milliseconds: Int
    /// 0 for the running quarter, 1 for the next.
    var quarter: Int
}

/// One tradable thing of one venue and its rules; its market's state is elsewhere.
final class Instrument {
    let venue: Venue
    let segment: Segment
    let base: String
    let quote: String
    let name: String
    let nameBytes: [UInt8]
    let tick: Step
    let lot: Step
    let contract: Step
    let priceDigits: Int?
    let sizeDigits: Int?
    /// Nil for spot and perpetuals.
    let expiry: Expiry?
    /// Index of the coin whose fair price moves this market.
    let coin: Int
    /// Where the venue's counts begin.
    let firstSequence: Int
    let firstTradeID: Int
    /// A number of its own for everything that is fixed by the seed.
    let hash: UInt64

    init(_ listing: Listing, venue: Venue, base: String, coin: Int, random: inout RandomSource) {
        self.venue = venue
        self.base = base
        self.coin = coin
        segment = listing.segment
        quote = listing.quote
        name = listing.name
        nameBytes = Array(name.utf8)
        tick = listing.tick
        lot = listing.lot
        contract = listing.contract
        priceDigits = listing.priceDigits
        sizeDigits = listing.sizeDigits
        expiry = listing.expiry
        firstSequence = 1_000_000_000 + random.below(900_000_000_000)
        firstTradeID = 100_000_000 + random.below(3_000_000_000)
        hash = random.next()
    }

    /// The pair of a futures contract without its term: `BTCUSD`.
    var pair: String { base + quote }
    var isPerpetual: Bool { segment != .spot && expiry == nil }

    /// Whole lots, at least one, worth about so many dollars.
    func lots(dollars: Double, price: Double) -> Int {
        let unit = contract.approximate * (segment == .inverse ? 1 : price)
        let exact = dollars / unit / lot.approximate
        return exact < 1e15 ? max(1, Int(exact.rounded())) : 1
    }

    func volume(ticks: Int, lots: Int) -> Volume {
        var volume = Volume(lots: lots, quote: Int128(ticks) * Int128(lots))
        if segment == .inverse {
            // lots × lot × contract / price, in hundred-millionths of a coin, rounded down.
            let above =
                Int128(lots) * Int128(lot.mantissa * contract.mantissa) * Int128(powerOfTen(8 + tick.scale))
            let below = Int128(ticks) * Int128(tick.mantissa * powerOfTen(lot.scale + contract.scale))
            volume.coins = above / max(1, below)
        }
        return volume
    }

    // MARK: - Writing its numbers

    func write(price ticks: Int, into out: ByteBuffer) {
        out.appendDecimal(ticks * tick.mantissa, scale: tick.scale, digits: priceDigits)
    }

    func write(size lots: Int, into out: ByteBuffer) {
        out.appendDecimal(lots * lot.mantissa, scale: lot.scale, digits: sizeDigits)
    }

    /// Ticks × lots (× contract) in the quote currency.
    func write(quote product: Int128, digits: Int?, into out: ByteBuffer) {
        let factor = Int128(tick.mantissa * lot.mantissa * contract.mantissa)
        let scale = tick.scale + lot.scale + contract.scale
        out.appendDecimal(product * factor, scale: scale, digits: digits)
    }

    /// Contracts × their size: coins for linear contracts, quote value for inverse ones.
    func write(contractValue lots: Int, digits: Int?, into out: ByteBuffer) {
        let value = Int128(lots) * Int128(lot.mantissa * contract.mantissa)
        out.appendDecimal(value, scale: lot.scale + contract.scale, digits: digits)
    }
}

/// SplitMix64: small, seeded, the same everywhere.
struct RandomSource {
    private var state: UInt64

    init(seed: UInt64) { state = seed &+ 0x1234_5678_9ABC_DEF1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return RandomSource.mix(state)
    }

    /// A number that looks random and follows from another.
    static func mix(_ number: UInt64) -> UInt64 {
        var value = number
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
