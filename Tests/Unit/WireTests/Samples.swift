// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models

@testable import Wire

/// Records with everything that a record may hold at its edges; the golden files began as these.
enum Samples {
    static let now: Int64 = 1_763_700_000_123_456

    static func decimal(_ text: String) -> ScaledDecimal { (try? ScaledDecimal(text)) ?? .zero }

    static func level(_ price: String, _ size: String) -> PriceLevel {
        PriceLevel(price: decimal(price), size: decimal(size))
    }

    /// The encoded lines of a topic.
    static func lines(_ topic: TopicID) -> [String] {
        switch topic {
        case TopicRegistry.trade: MarketSamples.trades
        case TopicRegistry.bbo: MarketSamples.quotes
        case TopicRegistry.instrument: instruments.map(text)
        case TopicRegistry.subscription: subscriptions.map(text)
        case TopicRegistry.quote: AggregateSamples.quotes.map(text)
        case TopicRegistry.opportunity: AggregateSamples.opportunities.map(text)
        case TopicRegistry.feedStatus: SystemSamples.statuses.map(text)
        case TopicRegistry.integrity: SystemSamples.integrities.map(text)
        case TopicRegistry.drift: SystemSamples.drifts.map(text)
        case TopicRegistry.deadLetter: SystemSamples.deadLetters.map(text)
        case TopicRegistry.aggregatedBook: AggregateSamples.books.map(text)
        default: EventSamples.lines(topic)
        }
    }

    static func text(_ record: some WireRecord) -> String {
        var writer = JSONWriter()
        record.encode(into: &writer)
        return writer.string
    }

    static let bitcoin: Instrument = {
        var instrument = Instrument(
            venue: VenueID("binance"),
            market: MarketID("spot"),
            venueSymbol: "BTCUSDT",
            kind: .spot,
            base: "BTC",
            quote: "USDT",
            settle: "USDT"
        )
        instrument.tickSize = decimal("0.01")
        instrument.lotSize = decimal("0.00001")
        instrument.minSize = decimal("0.00001")
        instrument.minNotional = decimal("5")
        instrument.makerFee = decimal("0.001")
        instrument.takerFee = decimal("0.001")
        return instrument
    }()

    static let instruments: [InstrumentRecord] = {
        let bare = Instrument(
            venue: VenueID("okx"),
            market: MarketID("swap"),
            venueSymbol: "BTC-USD-SWAP",
            kind: .inversePerpetual,
            base: "BTC",
            quote: "USD",
            settle: "BTC"
        )
        var dated = Instrument(
            venue: VenueID("okx"),
            market: MarketID("futures"),
            venueSymbol: "SHIB-USDT-261225",
            kind: .linearFuture,
            base: "SHIB",
            quote: "USDT",
            settle: "USDT",
            expiry: ExpiryDate(digits: "261225")
        )
        dated.expiryMicroseconds = 1_798_185_600_000_000
        dated.contractSize = decimal("1000000")
        dated.tickSize = decimal("0.000000001")
        dated.makerFee = decimal("-0.00005")
        dated.status = .preTrading
        return [bitcoin, bare, dated].map { InstrumentRecord($0, feed: "a-feed", publishedMicroseconds: now) }
    }()

    static let subscriptions = [
        SubscriptionRecord(venue: "binance", symbol: "BTC-USDT", channels: ["trade", "bbo"]),
        SubscriptionRecord(venue: "okx", symbol: "BTC-USD-PERP", channels: []),
        SubscriptionRecord(venue: "okx", symbol: "BTC-USD-PERP", channels: ["book"]),
    ]
}

/// `md.trade.v1` and `md.bbo.v1`, from the encoder of the hot path.
enum MarketSamples {
    static func label(_ topic: TopicID, _ instrument: Instrument = Samples.bitcoin) -> StreamLabel {
        StreamLabel(
            id: StreamID(index: 0),
            topic: topic,
            instrument: instrument,
            feed: "binance-feed",
            epoch: Samples.now
        )
    }

    static func stamp(_ seq: UInt64) -> RecordStamp {
        RecordStamp(seq: seq, receivedMicroseconds: Samples.now, publishedMicroseconds: Samples.now + 12)
    }

    static func trade(_ id: String, _ price: String, _ size: String, _ side: Side, at time: Int64) -> Trade? {
        ShortText(id).map {
            Trade(
                instrument: InstrumentID(index: 0),
                side: side,
                exchangeMicroseconds: time,
                id: $0,
                price: Samples.decimal(price),
                size: Samples.decimal(size)
            )
        }
    }

    static let trades: [String] = {
        let label = MarketSamples.label(TopicRegistry.trade)
        var encoder = StreamEncoder()
        let events = [
            trade("3735683259", "61837.63", "0.02", .sell, at: Samples.now - 5000),
            trade("1", "0.000000000000454", "123456789012345678", .buy, at: EventTime.none),
            trade(
                "a-b_c.1234567890123456789012345",
                "1",
                "0.1234567890123456789012345678901234567",
                .buy,
                at: 0
            ),
        ]
        return events.compactMap { $0 }.enumerated().map { index, trade in
            String(decoding: encoder.encode(trade, label, stamp(UInt64(index) + 1)), as: UTF8.self)
        }
    }()

    static func quote(_ bid: PriceLevel?, _ ask: PriceLevel?, at time: Int64, seq: Int64) -> BestQuote {
        BestQuote(
            instrument: InstrumentID(index: 0),
            exchangeMicroseconds: time,
            venueSequence: seq,
            bid: bid,
            ask: ask
        )
    }

    static let quotes: [String] = {
        let label = MarketSamples.label(TopicRegistry.bbo)
        var encoder = StreamEncoder()
        let (bid, ask) = (Samples.level("61804.7", "35"), Samples.level("61804.8", "0.00000001"))
        let events = [
            quote(bid, ask, at: Samples.now - 900, seq: 1_007_198_632_021),
            quote(bid, nil, at: EventTime.none, seq: VenueSequence.none),
            quote(nil, ask, at: 0, seq: 0),
            quote(nil, nil, at: Samples.now, seq: -1),
        ]
        var lines = events.enumerated().map { index, quote in
            String(decoding: encoder.encode(quote, label, stamp(UInt64(index) + 1)), as: UTF8.self)
        }
        for (index, reason) in InvalidReason.allCases.enumerated() {
            let bytes = encoder.encodeInvalid(reason, label, stamp(UInt64(index) + 5))
            lines.append(String(decoding: bytes, as: UTF8.self))
        }
        return lines
    }()
}
