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
        try InstrumentList.rows(JSONName("data"), in: body, ListedFields.init)
            .compactMap { OKXListing(row: $0).instrument }
    }
}

/// One row of the instruments list; all values are strings, and "" stands for none.
private struct OKXListing {
    let row: ListedFields

    var instrument: Instrument? {
        guard let name = row["instId"], row["instType"] != "OPTION" else { return nil }
        guard var instrument = OKXSymbols.infer(name) else { return nil }
        let isContract = instrument.kind != .spot
        if isContract { settle(&instrument) }
        instrument.tickSize = row.decimal("tickSz")
        instrument.lotSize = row.decimal("lotSz")
        instrument.minSize = row.decimal("minSz")
        instrument.contractSize = isContract ? contractSize : nil
        instrument.status = status
        instrument.expiryMicroseconds = isContract ? row.microseconds("expTime") : nil
        let fees = OKXFees.standard(instrument.kind)
        instrument.makerFee = fees.maker
        instrument.takerFee = fees.taker
        return instrument
    }

    /// The list's own word on the contract's kind replaces what the name suggests.
    private func settle(_ instrument: inout Instrument) {
        if let currency = row["settleCcy"] { instrument.settle = currency }
        let isDated = instrument.kind == .linearFuture || instrument.kind == .inverseFuture
        switch row["ctType"] {
        case "linear": instrument.kind = isDated ? .linearFuture : .linearPerpetual
        case "inverse": instrument.kind = isDated ? .inverseFuture : .inversePerpetual
        default: break
        }
    }

    private var contractSize: ScaledDecimal? {
        guard let value = row.decimal("ctVal") else { return nil }
        return try? value.multiplied(by: row.decimal("ctMult") ?? .one)
    }

    private var status: InstrumentStatus {
        switch row["state"] ?? "" {
        case "live": .trading
        case "preopen": .preTrading
        case "test": .closed
        default: .halted
        }
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
