// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint

/// What is traded, and in which currency it is settled.
public enum InstrumentKind: String, Sendable, CaseIterable {
    /// The currency itself.
    case spot
    /// A perpetual contract settled in the quote currency.
    case linearPerpetual = "linear_perpetual"
    /// A perpetual contract settled in the base currency; sizes are contracts.
    case inversePerpetual = "inverse_perpetual"
    /// A dated contract settled in the quote currency.
    case linearFuture = "linear_future"
    /// A dated contract settled in the base currency; sizes are contracts.
    case inverseFuture = "inverse_future"

    /// Whether sizes are given in contracts, because a contract is worth a fixed amount of quote currency.
    public var isInverse: Bool { self == .inversePerpetual || self == .inverseFuture }
}

/// Whether an instrument can be traded.
public enum InstrumentStatus: String, Sendable, CaseIterable {
    /// Open.
    case trading
    /// Closed for now.
    case halted
    /// Announced.
    case preTrading = "pre_trading"
    /// Being settled.
    case settling
    /// Gone.
    case closed
}

/// A calendar day in UTC, on which a dated contract ends.
public struct ExpiryDate: Hashable, Sendable {
    /// Four digits of year, two of month, two of day.
    public let yyyymmdd: UInt32

    /// Reads `20261225` or `261225`; nil for anything that is no date.
    public init?(digits: String) {
        guard digits.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), let value = UInt32(digits) else { return nil }
        let full = digits.utf8.count == 6 ? 20_000_000 + value : value
        let isSized = digits.utf8.count == 6 || digits.utf8.count == 8
        let (year, month, day) = (full / 10_000, full / 100 % 100, full % 100)
        guard isSized, year >= 1970, (1...12).contains(month), day >= 1 else { return nil }
        guard day <= Self.days(in: month, of: year) else { return nil }
        yyyymmdd = full
    }

    private static func days(in month: UInt32, of year: UInt32) -> UInt32 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// One venue's instrument: how it is named, counted and charged.
public struct Instrument: Hashable, Sendable {
    /// The venue.
    public var venue: VenueID
    /// The venue's market.
    public var market: MarketID
    /// The canonical symbol: `BTC-USDT`, `BTC-USDT-PERP`, `BTC-USD-PERP`, `BTC-USDT-20261225`.
    public var symbol: String
    /// The venue's own name, spelled as in its data.
    public var venueSymbol: String
    /// A second name under which the venue's data come, which passes on to other instruments as time goes by: that of
    /// the contract of this quarter; nil where there is none.
    public var alias: String?
    /// What is traded.
    public var kind: InstrumentKind
    /// The base currency.
    public var base: String
    /// The quote currency.
    public var quote: String
    /// The settlement currency.
    public var settle: String
    /// When a dated contract ends.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var expiryMicroseconds: Int64?
    /// The smallest price step, or nil where only the name is known.
    public var tickSize: ScaledDecimal?
    /// The smallest size step in the unit in which the venue takes orders.
    public var lotSize: ScaledDecimal?
    /// The smallest size of an order.
    public var minSize: ScaledDecimal?
    /// The smallest value of an order in quote currency.
    public var minNotional: ScaledDecimal?
    /// What one contract stands for: base currency on linear contracts, quote currency on inverse ones.
    public var contractSize: ScaledDecimal?
    /// Whether it can be traded.
    public var status: InstrumentStatus
    /// The maker's fee as a fraction.
    public var makerFee: ScaledDecimal?
    /// The taker's fee as a fraction.
    public var takerFee: ScaledDecimal?

    /// Makes an instrument of which only the names are known.
    public init(
        venue: VenueID,
        market: MarketID,
        venueSymbol: String,
        kind: InstrumentKind,
        base: String,
        quote: String,
        settle: String,
        expiry: ExpiryDate? = nil
    ) {
        self.venue = venue
        self.market = market
        self.venueSymbol = venueSymbol
        self.kind = kind
        self.base = base
        self.quote = quote
        self.settle = settle
        symbol = Self.canonicalSymbol(kind: kind, base: base, quote: quote, expiry: expiry)
        status = .trading
    }

    /// The canonical symbol (DESIGN section 3).
    public static func canonicalSymbol(
        kind: InstrumentKind,
        base: String,
        quote: String,
        expiry: ExpiryDate?
    ) -> String {
        switch kind {
        case .spot: "\(base)-\(quote)"
        case .linearPerpetual, .inversePerpetual: "\(base)-\(quote)-PERP"
        case .linearFuture, .inverseFuture:
            "\(base)-\(quote)-\(expiry.map { String($0.yyyymmdd) } ?? "DATED")"
        }
    }
}
