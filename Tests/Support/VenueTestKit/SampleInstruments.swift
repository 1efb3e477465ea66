// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import VenueKit

/// Instruments that frames of recordings and documents name, where no instrument list is at hand.
public enum SampleInstruments {
    private static let coins = ["BTC", "ETH", "XRP", "LTC", "SOL"]

    /// Those of a venue, in the spelling of its data; contracts stand for 0.01 each.
    public static func of(_ venue: VenueID) -> [Instrument] {
        coins.flatMap { coin in
            switch venue.name {
            case "binance": binance(coin)
            case "okx": okx(coin)
            case "htx": htx(coin)
            case "coinbase": [make("coinbase", "spot", "\(coin)-USD", .spot, coin, "USD")]
            default: gateway(coin)
            }
        }
    }

    private static func binance(_ coin: String) -> [Instrument] {
        [
            make("binance", "spot", "\(coin)USDT", .spot, coin, "USDT"),
            make("binance", "usdm", "\(coin)USDT", .linearPerpetual, coin, "USDT"),
            make("binance", "coinm", "\(coin)USD_PERP", .inversePerpetual, coin, "USD"),
        ]
    }

    private static func okx(_ coin: String) -> [Instrument] {
        [
            make("okx", "spot", "\(coin)-USDT", .spot, coin, "USDT"),
            make("okx", "swap", "\(coin)-USDT-SWAP", .linearPerpetual, coin, "USDT"),
            make("okx", "swap", "\(coin)-USD-SWAP", .inversePerpetual, coin, "USD"),
        ]
    }

    private static func htx(_ coin: String) -> [Instrument] {
        [
            make("htx", "spot", "\(coin.lowercased())usdt", .spot, coin, "USDT"),
            make("htx", "linear", "\(coin)-USDT", .linearPerpetual, coin, "USDT"),
            make("htx", "inverse", "\(coin)-USD", .inversePerpetual, coin, "USD"),
        ]
    }

    private static func gateway(_ coin: String) -> [Instrument] {
        [
            make("gateway", "spot", "\(coin)-USDT", .spot, coin, "USDT"),
            make("gateway", "linear", "\(coin)-USDT-PERP", .linearPerpetual, coin, "USDT"),
            make("gateway", "inverse", "\(coin)-USD-PERP", .inversePerpetual, coin, "USD"),
        ]
    }

    private static func make(
        _ venue: String,
        _ market: String,
        _ name: String,
        _ kind: InstrumentKind,
        _ base: String,
        _ quote: String
    ) -> Instrument {
        var instrument = Instrument(
            venue: VenueID(venue),
            market: MarketID(market),
            venueSymbol: name,
            kind: kind,
            base: base,
            quote: quote,
            settle: kind.isInverse ? base : quote
        )
        if kind != .spot { instrument.contractSize = ScaledDecimal(mantissa: 1, scale: 2) }
        return instrument
    }
}
