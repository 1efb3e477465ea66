// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

extension OKXVenue {
    /// One `instruments` call a market.
    public func instrumentCalls(markets: [MarketID]) -> [VenueCall] {
        markets.compactMap { market in
            let types: [MarketID: String] = [.okxSpot: "SPOT", .okxSwap: "SWAP", .okxFutures: "FUTURES"]
            return types[market].map { type in
                VenueCall(
                    endpoint: "rest",
                    path: "/api/v5/public/instruments?instType=\(type)",
                    market: market,
                    weight: 5
                )
            }
        }
    }

    /// Reads an `instruments` answer, or a push of the `instruments` channel; options are left out.
    public func instruments(
        from body: UnsafeRawBufferPointer,
        market: MarketID?
    ) throws(DecodeError) -> [Instrument] {
        guard let scanner = JSONScanner(capacity: body.count) else { throw .malformed(offset: 0) }
        do throws(JSONError) {
            var cursor = try scanner.scan(body)
            var found: [OKXListing] = []
            let data = JSONName("data")
            try cursor.enterObject()
            while let key = try cursor.nextKey() {
                guard key.matches(data) else {
                    try cursor.skip()
                    continue
                }
                try cursor.enterArray()
                while try cursor.nextElement() {
                    var listing = OKXListing()
                    try listing.read(&cursor)
                    found.append(listing)
                }
            }
            try cursor.finish()
            return found.compactMap { $0.instrument }
        } catch {
            throw DecodeError(error)
        }
    }
}

/// One row of the instruments list; all values are strings, and "" stands for none.
private struct OKXListing {
    private var texts: [String: String] = [:]

    mutating func read(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            if let text = try cursor.token(), text.count > 0 { texts[key.string] = text.string }
        }
    }

    var instrument: Instrument? {
        guard let name = texts["instId"], texts["instType"] != "OPTION" else { return nil }
        guard var instrument = OKXSymbols.infer(name) else { return nil }
        let isContract = instrument.kind != .spot
        if isContract { settle(&instrument) }
        instrument.tickSize = decimal("tickSz")
        instrument.lotSize = decimal("lotSz")
        instrument.minSize = decimal("minSz")
        instrument.contractSize = isContract ? contractSize : nil
        instrument.status = status
        instrument.expiryMicroseconds =
            isContract ? texts["expTime"].flatMap(Self.microseconds) : nil
        let fees = OKXFees.standard(instrument.kind)
        instrument.makerFee = fees.maker
        instrument.takerFee = fees.taker
        return instrument
    }

    private static func microseconds(_ milliseconds: String) -> Int64? {
        guard let value = Int64(milliseconds) else { return nil }
        let (product, overflow) = value.multipliedReportingOverflow(by: 1000)
        return overflow ? nil : product
    }

    /// The list's own word on the contract's kind replaces what the name suggests.
    private func settle(_ instrument: inout Instrument) {
        if let currency = texts["settleCcy"] { instrument.settle = currency }
        let isDated = instrument.kind == .linearFuture || instrument.kind == .inverseFuture
        switch texts["ctType"] {
        case "linear": instrument.kind = isDated ? .linearFuture : .linearPerpetual
        case "inverse": instrument.kind = isDated ? .inverseFuture : .inversePerpetual
        default: break
        }
    }

    private var contractSize: ScaledDecimal? {
        guard let value = decimal("ctVal") else { return nil }
        return try? value.multiplied(by: decimal("ctMult") ?? .one)
    }

    private var status: InstrumentStatus {
        switch texts["state"] ?? "" {
        case "live": .trading
        case "preopen": .preTrading
        case "test": .closed
        default: .halted
        }
    }

    private func decimal(_ key: String) -> ScaledDecimal? {
        texts[key].flatMap { try? ScaledDecimal($0) }
    }
}

/// The fees of an account without volume, as fractions (venue sheet 9); a configuration may replace them.
enum OKXFees {
    static func standard(_ kind: InstrumentKind) -> (maker: ScaledDecimal?, taker: ScaledDecimal?) {
        kind == .spot ? (tenThousandths(8), tenThousandths(10)) : (tenThousandths(2), tenThousandths(5))
    }

    private static func tenThousandths(_ count: Int128) -> ScaledDecimal? {
        ScaledDecimal(mantissa: count, scale: 4)
    }
}
