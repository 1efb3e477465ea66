// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// What one venue's instrument allows and charges, in the units in which its quotes are given.
public struct MarketFacts: Hashable, Sendable {
    /// What is traded.
    public var kind: InstrumentKind
    /// The base currency; empty where nobody said.
    public var base: String
    /// The quote currency; empty where nobody said.
    public var quote: String
    /// The taker's fee as a fraction of the traded value.
    public var takerFee: ScaledDecimal
    /// The maker's fee as a fraction of the traded value; nil where it is not known.
    public var makerFee: ScaledDecimal?
    /// The size step: base currency, or contracts on inverse instruments; nil: any size.
    public var lot: ScaledDecimal?
    /// The smallest size, in the same unit.
    public var minSize: ScaledDecimal?
    /// The smallest value of an order in quote currency.
    public var minNotional: ScaledDecimal?
    /// What one contract of an inverse instrument is worth in quote currency; nil on all others.
    public var contractSize: ScaledDecimal?

    /// Makes facts from figures.
    public init(
        kind: InstrumentKind,
        base: String = "",
        quote: String = "",
        takerFee: ScaledDecimal,
        makerFee: ScaledDecimal? = nil,
        lot: ScaledDecimal? = nil,
        minSize: ScaledDecimal? = nil,
        minNotional: ScaledDecimal? = nil,
        contractSize: ScaledDecimal? = nil
    ) {
        self.kind = kind
        self.base = base
        self.quote = quote
        self.takerFee = takerFee
        self.makerFee = makerFee
        self.lot = lot
        self.minSize = minSize
        self.minNotional = minNotional
        self.contractSize = contractSize
    }

    /// Draws the facts from an instrument; nil where nobody can trade it or a figure makes no sense.
    ///
    /// Linear contracts take orders in contracts while their quotes are in base currency (EVENTS 13): steps and
    /// minima are multiplied by the contract size.
    public init?(of instrument: Instrument, takerFee: ScaledDecimal, makerFee: ScaledDecimal? = nil) {
        guard instrument.status == .trading else { return nil }
        let isInverse = instrument.kind.isInverse
        if let size = instrument.contractSize, !size.isPositive { return nil }
        guard !isInverse || instrument.contractSize != nil else { return nil }
        let unit = isInverse || instrument.kind == .spot ? .one : instrument.contractSize ?? .one
        do throws(DecimalError) {
            self.init(
                kind: instrument.kind,
                base: instrument.base,
                quote: instrument.quote,
                takerFee: takerFee,
                makerFee: makerFee ?? instrument.makerFee,
                lot: try instrument.lotSize?.multiplied(by: unit),
                minSize: try instrument.minSize?.multiplied(by: unit),
                minNotional: instrument.minNotional,
                contractSize: isInverse ? instrument.contractSize : nil
            )
        } catch {
            return nil
        }
    }
}

/// Sizes on steps: what two venues share, and what lies next to a figure.
public enum SizeGrid {
    /// The step of an instrument whose venue states none: 10^-8.
    public static let finest = ScaledDecimal(mantissa64: 1, decimals: 8)

    /// The smallest positive step that is a multiple of both; a missing or zero step allows everything.
    ///
    /// - Throws: ``DecimalError/overflow``.
    public static func step(
        _ left: ScaledDecimal?,
        _ right: ScaledDecimal?
    ) throws(DecimalError) -> ScaledDecimal? {
        guard let left, left.isPositive else { return right.flatMap { $0.isPositive ? $0 : nil } }
        guard let right, right.isPositive else { return left }
        // Both as whole numbers of the finer unit; then lcm = a / gcd(a, b) × b.
        let scale = max(left.scale, right.scale)
        guard let unit = ScaledDecimal(mantissa: 1, scale: Int(scale)) else { throw .overflow }
        let first = try left.divided(by: unit, decimals: 0, rounding: .towardZero).mantissa
        let second = try right.divided(by: unit, decimals: 0, rounding: .towardZero).mantissa
        let (product, overflow) = (first / divisor(first, second)).multipliedReportingOverflow(by: second)
        guard !overflow, let step = ScaledDecimal(mantissa: product, scale: Int(scale)) else {
            throw .overflow
        }
        return step
    }

    /// The smallest multiple of a step that is not below a figure that is not negative.
    ///
    /// - Throws: ``DecimalError``.
    public static func raised(
        _ figure: ScaledDecimal,
        toMultipleOf step: ScaledDecimal
    ) throws(DecimalError) -> ScaledDecimal {
        let count = try figure.divided(by: step, decimals: 0, rounding: .awayFromZero)
        return try count.multiplied(by: step)
    }

    /// Euclid's greatest common divisor of two positive numbers.
    private static func divisor(_ first: Int128, _ second: Int128) -> Int128 {
        var (larger, smaller) = (first, second)
        while smaller != 0 { (larger, smaller) = (smaller, larger % smaller) }
        return larger
    }
}
