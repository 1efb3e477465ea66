// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import FixedPoint
import Models

/// The fees of the operator's own tier, in place of those that `ref.instrument` tells of everybody's.
///
/// `fees.VENUE.SYMBOL.taker` comes before `fees.VENUE.MARKET.taker`, and that before the instrument's own; the same with
/// `maker`. A maker's fee may be below zero.
struct FeeRules: Sendable {
    private var rates: [String: ScaledDecimal] = [:]

    init(_ reader: ConfigurationReader) {
        let help = "fee as a fraction, by market or symbol: fees.binance.spot.taker, fees.okx.BTC-USDT.maker"
        for (name, text) in reader.map("fees", help: help).sorted(by: { $0.key < $1.key }) {
            let parts = name.split(separator: ".")
            guard parts.count == 3, parts[2] == "taker" || parts[2] == "maker" else {
                reader.note(
                    "fees.\(name)",
                    "unknown key",
                    "write fees.VENUE.MARKET.taker or fees.VENUE.SYMBOL.maker"
                )
                continue
            }
            guard let fee = try? ScaledDecimal(text), fee < .one, !fee.isNegative || parts[2] == "maker",
                fee > ScaledDecimal(-1)
            else {
                reader.note("fees.\(name)", "\"\(text)\" is no fraction from 0 to 1", "write as in 0.001")
                continue
            }
            rates[name.lowercased()] = fee
        }
    }

    /// The taker's fee on an instrument; nil where nobody says.
    func taker(_ instrument: Instrument) -> ScaledDecimal? {
        rate(instrument, "taker") ?? instrument.takerFee
    }

    /// The maker's fee on an instrument; nil where nobody says.
    func maker(_ instrument: Instrument) -> ScaledDecimal? {
        rate(instrument, "maker") ?? instrument.makerFee
    }

    private func rate(_ instrument: Instrument, _ role: String) -> ScaledDecimal? {
        guard !rates.isEmpty else { return nil }
        let venue = instrument.venue.name
        return rates["\(venue).\(instrument.symbol.lowercased()).\(role)"]
            ?? rates["\(venue).\(instrument.market.name).\(role)"]
    }
}
