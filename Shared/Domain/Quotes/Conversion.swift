// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// A spot market through which quotes in one currency join those in another: `USDC-USDT@binance` lets what is quoted in
/// USDC join the quotes in USDT.
///
/// What a venue bids for `BTC-USDC` is worth as much USDT as the market bids for those USDC, and what it asks costs what
/// the market asks for them: the trader crosses both spreads. Prices are rounded to ``priceDecimals``, bids down and asks
/// up, so that no rounding makes an edge; the size is at most what the market's best level turns over, rounded down to
/// ``sizeDecimals``. Fees are not in it, as in no quote.
///
/// - Allocates: never but where it is made.
public struct Conversion: Hashable, Sendable {
    /// Converted prices have at most so many decimals.
    public static let priceDecimals: UInt8 = 12
    /// Sizes that the market's own size limits have at most so many decimals.
    public static let sizeDecimals: UInt8 = 8

    /// The market's canonical symbol.
    public let market: String
    /// Where it is traded.
    public let venue: String
    /// The currency of the quotes that join.
    public let from: String
    /// The currency of the quotes that they join.
    public let to: String
    /// Whether the market is quoted in the currency that is turned: prices are divided by its prices.
    public let isDivision: Bool

    /// Reads `MARKET@VENUE`, which turns the market's base currency into its quote currency, or `MARKET@VENUE>CURRENCY`
    /// with either of the two as the currency that is joined.
    ///
    /// - Throws: ``ConversionError``, which says what is wrong.
    public init(_ text: String) throws(ConversionError) {
        let ends = text.split(separator: ">", omittingEmptySubsequences: false)
        let parts = ends[0].split(separator: "@", omittingEmptySubsequences: false)
        guard ends.count <= 2, parts.count == 2, !parts[1].isEmpty else { throw .notAMarket }
        guard let pair = SpotName(String(parts[0])) else { throw .notSpot }
        let target = ends.count == 2 ? String(ends[1]) : pair.quote
        guard target == pair.quote || target == pair.base else { throw .foreignCurrency(target) }
        market = String(parts[0])
        venue = String(parts[1])
        isDivision = target == pair.base
        (from, to) = isDivision ? (pair.quote, pair.base) : (pair.base, pair.quote)
    }

    /// `MARKET@VENUE`, as records name it.
    public var name: String { "\(market)@\(venue)" }

    /// The symbol in the other currency whose quotes join those of a symbol; nil where this does not concern it.
    public func source(of target: String) -> String? {
        guard let name = SpotName(target), name.quote == to, name.base != from else { return nil }
        return "\(name.base)-\(from)"
    }

    /// The symbol that a symbol's quotes join; nil where this does not concern it.
    public func target(of source: String) -> String? {
        guard let name = SpotName(source), name.quote == from, name.base != to else { return nil }
        return "\(name.base)-\(to)"
    }

    /// The other symbols without which a symbol's quote is not whole, sorted.
    ///
    /// They are those that join it, and the markets that turn them. Contracts and dated instruments join nothing: they settle in their own currency.
    public static func needs(of symbol: String, _ conversions: [Conversion]) -> [String] {
        var needed: Set<String> = []
        for conversion in conversions {
            guard let source = conversion.source(of: symbol) else { continue }
            needed.formUnion([source, conversion.market])
        }
        return needed.sorted()
    }

    /// What a bid is worth where the market stands so; nil where the market can't turn it, or nothing of it is left.
    public func bid(_ level: PriceLevel, marketBid: PriceLevel?, marketAsk: PriceLevel?) -> PriceLevel? {
        // The proceeds are sold to the market's bid, or spent at its ask.
        turned(level, isDivision ? marketAsk : marketBid, .towardZero)
    }

    /// What an ask costs where the market stands so; nil where the market can't turn it, or nothing of it is left.
    public func ask(_ level: PriceLevel, marketBid: PriceLevel?, marketAsk: PriceLevel?) -> PriceLevel? {
        turned(level, isDivision ? marketBid : marketAsk, .awayFromZero)
    }

    private func turned(_ level: PriceLevel, _ market: PriceLevel?, _ rounding: Rounding) -> PriceLevel? {
        guard let market else { return nil }
        do throws(DecimalError) {
            let price: ScaledDecimal
            let turnover: ScaledDecimal
            if isDivision {
                price = try level.price.divided(
                    by: market.price,
                    decimals: Self.priceDecimals,
                    rounding: rounding
                )
                turnover = try market.size.multiplied(by: market.price)
            } else {
                let exact = try level.price.multiplied(by: market.price)
                price = try exact.rounded(toDecimals: Self.priceDecimals, rounding)
                turnover = market.size
            }
            let limit = try turnover.divided(
                by: level.price,
                decimals: Self.sizeDecimals,
                rounding: .towardZero
            )
            let size = min(level.size, limit)
            return price.isPositive && size.isPositive ? PriceLevel(price: price, size: size) : nil
        } catch {
            return nil
        }
    }
}

/// Why a text names no conversion.
public enum ConversionError: Error, Hashable, Sendable {
    /// It has not the form `MARKET@VENUE`.
    case notAMarket
    /// The market is none of two different currencies.
    case notSpot
    /// The currency after `>` is none of the market's.
    case foreignCurrency(String)
}

extension ConversionError: CustomStringConvertible {
    /// What is wrong.
    public var description: String {
        switch self {
        case .notAMarket: "names no market"
        case .notSpot: "names no spot market of two currencies"
        case .foreignCurrency(let name):
            "joins \"\(name.prefix(32))\", which is none of the market's currencies"
        }
    }

    /// How to write it right.
    public var mend: String {
        switch self {
        case .notAMarket, .notSpot: "write as USDC-USDT@binance, or USDT-USD@coinbase>USDT"
        case .foreignCurrency: "name the market's quote currency after >, or its base currency"
        }
    }
}

/// A spot symbol's two currencies.
struct SpotName {
    let base: String
    let quote: String

    /// Nil where the symbol is a contract's or no symbol.
    init?(_ symbol: String) {
        let parts = symbol.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), parts[0] != parts[1] else { return nil }
        (base, quote) = (String(parts[0]), String(parts[1]))
    }
}
