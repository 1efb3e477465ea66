// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

extension HTXVenue {
    /// Reads one of the lists; which one it is shows in its rows.
    public func instruments(
        from body: UnsafeRawBufferPointer,
        market: MarketID?
    ) throws(DecodeError) -> [Instrument] {
        try InstrumentList.rows(JSONName("data"), in: body, ListedFields.init)
            .compactMap { HTXListing(row: $0).instrument }
    }
}

/// The instrument lists.
enum HTXListings {
    /// The ends of their paths.
    static let paths = [
        "/v1/common/symbols", "/market-symbols", "/swap_contract_info", "/contract_contract_info",
    ]
}

/// One row of a list; numbers come as such and as strings.
private struct HTXListing {
    let row: ListedFields

    var instrument: Instrument? {
        if let code = row["contract_code"] { return contract(code) }
        return row["symbol"].flatMap(pair)
    }

    /// Spot, in the long spelling of `common/symbols` or the short one of `market-symbols`.
    private func pair(_ name: String) -> Instrument? {
        guard let base = row["base-currency"] ?? row["bc"],
            let quote = row["quote-currency"] ?? row["qc"]
        else { return nil }
        var instrument = HTXSymbols.spot(name, base: base, quote: quote)
        instrument.tickSize = step(row["price-precision"] ?? row["pp"])
        instrument.lotSize = step(row["amount-precision"] ?? row["ap"])
        instrument.minSize = decimal(row["min-order-amt"] ?? row["minoa"])
        instrument.minNotional = decimal(row["min-order-value"] ?? row["minov"])
        instrument.status = pairStatus
        (instrument.makerFee, instrument.takerFee) = HTXFees.standard(.spot)
        return instrument
    }

    private func contract(_ code: String) -> Instrument? {
        guard var instrument = HTXSymbols.infer(code), instrument.kind != .spot else { return nil }
        instrument.tickSize = row.decimal("price_tick")
        instrument.lotSize = .one
        instrument.minSize = .one
        instrument.contractSize = row.decimal("contract_size")
        instrument.status = contractStatus
        instrument.alias = HTXSymbols.alias(of: instrument, contractType: row["contract_type"])
        let isDated = instrument.kind == .linearFuture || instrument.kind == .inverseFuture
        if isDated { instrument.expiryMicroseconds = row.microseconds("delivery_time") }
        (instrument.makerFee, instrument.takerFee) = HTXFees.standard(instrument.kind)
        return instrument
    }

    private var pairStatus: InstrumentStatus {
        switch row["state"] ?? "" {
        case "online": .trading
        case "pre-online": .preTrading
        case "offline": .closed
        default: .halted
        }
    }

    /// 0 delisted, 1 listed, 2 pending, 3 suspended, 4 suspended before listing, 5 to 7 being settled, 8 delivered.
    private var contractStatus: InstrumentStatus {
        switch row["contract_status"] ?? "" {
        case "1": .trading
        case "2", "4": .preTrading
        case "5", "6", "7": .settling
        case "0", "8": .closed
        default: .halted
        }
    }

    private func decimal(_ text: String?) -> ScaledDecimal? { text.flatMap { try? ScaledDecimal($0) } }

    /// The smallest step of a number with so many decimals.
    private func step(_ decimals: String?) -> ScaledDecimal? {
        guard let decimals, let places = Int(decimals), (0...30).contains(places) else { return nil }
        return ScaledDecimal(mantissa: 1, scale: places)
    }
}

/// The fees of an account without volume, as fractions (venue sheet 10); a configuration may replace them.
enum HTXFees {
    static func standard(_ kind: InstrumentKind) -> (maker: ScaledDecimal?, taker: ScaledDecimal?) {
        kind == .spot ? (tenThousandths(20), tenThousandths(20)) : (tenThousandths(2), tenThousandths(6))
    }

    private static func tenThousandths(_ count: Int128) -> ScaledDecimal? {
        ScaledDecimal(mantissa: count, scale: 4)
    }
}
