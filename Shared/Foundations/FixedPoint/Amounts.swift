// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A price of one unit of base currency (of one contract's underlying), in quote currency.
public struct Price: Hashable, Comparable, Sendable {
    /// The figure.
    public let value: ScaledDecimal

    /// Gives a figure the meaning of a price.
    public init(_ value: ScaledDecimal) { self.value = value }

    /// Orders by value.
    public static func < (left: Price, right: Price) -> Bool { left.value < right.value }
}

/// A size: base currency on spot and linear contracts, contracts on inverse ones.
public struct Quantity: Hashable, Comparable, Sendable {
    /// The figure.
    public let value: ScaledDecimal

    /// Gives a figure the meaning of a size.
    public init(_ value: ScaledDecimal) { self.value = value }

    /// Orders by value.
    public static func < (left: Quantity, right: Quantity) -> Bool { left.value < right.value }
}

/// An amount of quote currency.
public struct Notional: Hashable, Comparable, Sendable {
    /// The figure.
    public let value: ScaledDecimal

    /// Gives a figure the meaning of an amount of quote currency.
    public init(_ value: ScaledDecimal) { self.value = value }

    /// Orders by value.
    public static func < (left: Notional, right: Notional) -> Bool { left.value < right.value }
}

/// A fraction, such as a fee or a funding rate: 0.0005 is five hundredths of a per cent.
public struct Rate: Hashable, Comparable, Sendable {
    /// The figure.
    public let value: ScaledDecimal

    /// Gives a figure the meaning of a fraction.
    public init(_ value: ScaledDecimal) { self.value = value }

    /// Orders by value.
    public static func < (left: Rate, right: Rate) -> Bool { left.value < right.value }
}

extension Price {
    /// What a size costs at this price, exactly.
    ///
    /// - Throws: ``DecimalError/overflow``.
    public func notional(of quantity: Quantity) throws(DecimalError) -> Notional {
        Notional(try value.multiplied(by: quantity.value))
    }
}
