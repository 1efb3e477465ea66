// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models

/// What was found where one side of a book stands.
public struct LevelsRead: Sendable {
    /// The levels in ``EventBatch/levels``.
    public var range: Range<Int>
    /// Where a level, or the side itself, is not what it must be; nil: all could be read.
    ///
    /// - Unit: bytes from the frame's start.
    public var brokenAt: UInt32?

    /// Names levels.
    public init(range: Range<Int>, brokenAt: UInt32?) {
        self.range = range
        self.brokenAt = brokenAt
    }

    /// The levels.
    ///
    /// - Throws: ``DecodeError/badField(_:offset:)`` with this name where they could not be read.
    public func valid(_ name: StaticName) throws(DecodeError) -> Range<Int> {
        guard let brokenAt else { return range }
        throw .badField(name, offset: brokenAt)
    }
}

extension JSONCursor {
    /// Reads one side of a book, `[["price","size",…],…]`, behind the levels that the batch holds.
    ///
    /// A level that can't be is noted and the rest stepped over, so that a frame is read to its end before anyone
    /// decides what it is worth.
    ///
    /// - Parameters:
    ///   - rule: what the sizes are.
    ///   - batch: where the levels go.
    /// - Returns: where they are, and the first place that is wrong.
    /// - Throws: ``JSONError`` where the bytes are no JSON.
    public mutating func levels(
        _ rule: SizeRule,
        into batch: inout EventBatch
    ) throws(JSONError) -> LevelsRead {
        let first = batch.levels.count
        var brokenAt: UInt32?
        guard peek == UInt8(ascii: "[") else {
            brokenAt = offset
            try skip()
            return LevelsRead(range: first..<first, brokenAt: brokenAt)
        }
        try enterArray()
        while try nextElement() {
            let place = offset
            if let level = try level(rule) {
                batch.append(level)
            } else if brokenAt == nil {
                brokenAt = place
            }
        }
        return LevelsRead(range: first..<batch.levels.count, brokenAt: brokenAt)
    }

    /// One level, or nil where it is none.
    @inline(__always)
    private mutating func level(_ rule: SizeRule) throws(JSONError) -> PriceLevel? {
        guard peek == UInt8(ascii: "[") else {
            try skip()
            return nil
        }
        try enterArray()
        guard try nextElement() else { return nil }
        let price = try token()
        guard try nextElement() else { return nil }
        let size = try token()
        while try nextElement() { try skip() }
        guard let price, let size else { return nil }
        do throws(DecimalError) {
            let level = PriceLevel(
                price: try ScaledDecimal(ascii: price.start, count: price.count),
                size: try rule.size(of: try ScaledDecimal(ascii: size.start, count: size.count))
            )
            return level.price.isNegative || level.size.isNegative ? nil : level
        } catch {
            return nil
        }
    }
}

extension SizeRule {
    /// A size as a frame states it, in the unit of events; where the rule is unknown, as stated.
    ///
    /// - Throws: ``DecimalError/overflow`` where the exact product has more digits than 128 bits.
    public func size(of stated: ScaledDecimal) throws(DecimalError) -> ScaledDecimal {
        guard case .contracts(let contract) = self else { return stated }
        // Nearly always both are short, and 64 bits are normalised much faster than 128.
        if let left = Int64(exactly: stated.mantissa), let right = Int64(exactly: contract.mantissa) {
            let (product, overflow) = left.multipliedReportingOverflow(by: right)
            let decimals = stated.scale &+ contract.scale
            if !overflow, decimals <= ScaledDecimal.maximumScale {
                return ScaledDecimal(mantissa64: product, decimals: decimals)
            }
        }
        return try stated.multiplied(by: contract)
    }
}
