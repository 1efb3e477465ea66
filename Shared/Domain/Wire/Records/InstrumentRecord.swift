// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

/// `ref.instrument.v1`: one venue's instrument.
public struct InstrumentRecord: WireRecord, Hashable {
    /// The topic `ref.instrument.v1`.
    public static let topic = TopicRegistry.instrument

    /// The instrument.
    public var instrument: Instrument
    /// The feed's instance name.
    public var feed: String
    /// When the record was made.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public var publishedMicroseconds: Int64

    /// Makes a record.
    public init(_ instrument: Instrument, feed: String, publishedMicroseconds: Int64) {
        self.instrument = instrument
        self.feed = feed
        self.publishedMicroseconds = publishedMicroseconds
    }

    /// Made as `venue:symbol`.
    public var key: String { "\(instrument.venue.name):\(instrument.symbol)" }
    /// The venue.
    public var venueHeader: String? { instrument.venue.name }
    /// When the record was made.
    public var timestampMicroseconds: Int64 { publishedMicroseconds }

    /// Writes the value behind what the writer holds.
    public func encode(into writer: inout JSONWriter) {
        writer.open(Self.topic)
        writer.field("venue", instrument.venue.name)
        writer.field("market", instrument.market.name)
        writer.field("symbol", instrument.symbol)
        writer.field("venue_symbol", instrument.venueSymbol)
        writer.field("published_us", publishedMicroseconds)
        writer.field("feed", feed)
        writer.field("kind", instrument.kind.rawValue)
        writer.field("base", instrument.base)
        writer.field("quote", instrument.quote)
        writer.field("settle", instrument.settle)
        writer.field("expiry_us", orNull: instrument.expiryMicroseconds ?? EventTime.none)
        writer.field("tick_size", instrument.tickSize)
        writer.field("lot_size", instrument.lotSize)
        writer.field("min_size", instrument.minSize)
        writer.field("min_notional", instrument.minNotional)
        writer.field("contract_size", instrument.contractSize)
        writer.field("status", instrument.status.rawValue)
        writer.field("maker_fee", instrument.makerFee)
        writer.field("taker_fee", instrument.takerFee)
        writer.close()
    }

    /// Reads the fields.
    public init(_ object: RecordObject) throws(RecordError) {
        instrument = Instrument(
            venue: VenueID(try object.text("venue")),
            market: MarketID(try object.text("market")),
            venueSymbol: try object.text("venue_symbol"),
            kind: try object.choice("kind"),
            base: try object.text("base"),
            quote: try object.text("quote"),
            settle: try object.text("settle")
        )
        feed = try object.text("feed")
        publishedMicroseconds = try object.integer("published_us")
        instrument.symbol = try object.text("symbol")
        let expiry = try object.integerOrNone("expiry_us")
        instrument.expiryMicroseconds = expiry == EventTime.none ? nil : expiry
        instrument.tickSize = try object.optionalDecimal("tick_size")
        instrument.lotSize = try object.optionalDecimal("lot_size")
        instrument.minSize = try object.optionalDecimal("min_size")
        instrument.minNotional = try object.optionalDecimal("min_notional")
        instrument.contractSize = try object.optionalDecimal("contract_size")
        instrument.status = try object.choice("status")
        instrument.makerFee = try object.optionalDecimal("maker_fee")
        instrument.takerFee = try object.optionalDecimal("taker_fee")
    }
}

extension InstrumentRecord: DescribedRecord {
    /// What the value looks like.
    public static var shape: RecordShape {
        RecordShape(
            topic,
            "An instrument",
            [
                CommonFields.venue,
                .text("market", "The venue's market, such as spot, usdm or swap."),
                CommonFields.symbol,
                CommonFields.venueSymbol,
                CommonFields.published,
                CommonFields.feed,
                .choice("kind", InstrumentKind.self, "What is traded, and in which currency it is settled."),
                .text("base", "The base currency."),
                .text("quote", "The quote currency."),
                .text("settle", "The currency of settlement."),
                .time("expiry_us", "When a dated contract ends; null for all others.").orNull,
                .decimal(
                    "tick_size",
                    "The smallest price step, in quote currency; null where it is not known."
                )
                .orNull,
                .decimal("lot_size", "The smallest size step, in the unit in which the venue takes orders.")
                    .orNull,
                .decimal("min_size", "The smallest size of an order, in the same unit.").orNull,
                .decimal("min_notional", "The smallest value of an order, in quote currency.").orNull,
                .decimal(
                    "contract_size",
                    "What a contract stands for: base currency on linear ones, quote currency on inverse ones."
                ).orNull,
                .choice("status", InstrumentStatus.self, "Whether it can be traded."),
                .decimal("maker_fee", "The maker's fee as a fraction; negative: paid to the maker.").orNull,
                .decimal("taker_fee", "The taker's fee as a fraction.").orNull,
            ]
        )
    }
}
