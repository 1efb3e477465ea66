// Part of MarketBus. Apache License 2.0, see LICENSE.

import Arbitrage
import FixedPoint
import Models
import Quotes
import Wire

/// Quotes and opportunities to records with contiguous numbers, and these to a sink.
///
/// - Thread: the aggregator's. Allocates: for an opportunity's id; never for a quote in steady state.
final class RecordPublisher {
    /// Two sequences a symbol: its quotes and its opportunities.
    private struct Sequences {
        var quote: UInt64 = 0
        var opportunity: UInt64 = 0
    }

    /// When this process's sequences began, in microseconds since the Unix epoch.
    let epoch: Int64
    private let instance: String
    private let sink: any RecordSink
    private let metrics: AggregatorMetrics
    private var writer = JSONWriter()
    private var sequences: ContiguousArray<Sequences> = []
    /// The venues' own names by symbol, then venue.
    private var venueSymbols: ContiguousArray<ContiguousArray<String>> = []
    private var quote: QuoteRecord

    init(instance: String, epoch: Int64, sink: any RecordSink, metrics: AggregatorMetrics) {
        self.instance = instance
        self.epoch = epoch
        self.sink = sink
        self.metrics = metrics
        quote = QuoteRecord(
            symbol: "",
            aggregator: instance,
            epoch: epoch,
            seq: 0,
            publishedMicroseconds: 0,
            bid: nil,
            ask: nil,
            crossed: false,
            locked: false,
            legs: []
        )
    }

    /// Notes the venue's own name of a symbol, once.
    func note(_ venueSymbol: UnsafeRawBufferPointer, _ symbol: SymbolID, _ venue: VenueIndex) {
        makeRoom(symbol)
        let (row, column) = (Int(symbol.index), Int(venue.index))
        while venueSymbols[row].count <= column { venueSymbols[row].append("") }
        if venueSymbols[row][column].isEmpty {
            venueSymbols[row][column] = String(decoding: venueSymbol, as: UTF8.self)
        }
    }

    /// Publishes the consolidated quote of a symbol.
    func publish(_ symbol: SymbolID, of quotes: QuoteTable, now: Int64) {
        makeRoom(symbol)
        sequences[Int(symbol.index)].quote += 1
        let view = quotes.quote(of: symbol)
        quote.symbol = quotes.name(of: symbol)
        quote.seq = sequences[Int(symbol.index)].quote
        quote.publishedMicroseconds = now
        quote.bid = view.bid.map { .init(level: $0.level, venue: quotes.name(of: $0.venue)) }
        quote.ask = view.ask.map { .init(level: $0.level, venue: quotes.name(of: $0.venue)) }
        quote.crossed = view.isCrossed
        quote.locked = view.isLocked
        quote.legs.removeAll(keepingCapacity: true)
        for index in 0..<quotes.venueCount {
            let venue = VenueIndex(index: UInt16(truncatingIfNeeded: index))
            if let leg = quotes.leg(symbol, venue) {
                quote.legs.append(record(leg, symbol, venue, quotes, now))
            }
        }
        writer.clear()
        quote.encode(into: &writer)
        metrics.quotes.add()
        send(TopicRegistry.quote, stream: symbol.index &* 2, quote.seq, quote.symbol, now)
    }

    /// Publishes a step of an opportunity.
    func publish(_ event: OpportunityEvent, of quotes: QuoteTable, now: Int64) {
        makeRoom(event.symbol)
        sequences[Int(event.symbol.index)].opportunity += 1
        let seq = sequences[Int(event.symbol.index)].opportunity
        let symbol = quotes.name(of: event.symbol)
        writer.clear()
        record(event, seq, quotes, now).encode(into: &writer)
        metrics.steps.add()
        send(TopicRegistry.opportunity, stream: event.symbol.index &* 2 &+ 1, seq, symbol, now)
    }

    /// Publishes a record of no sequence: a dead letter, a word about a hole.
    func publish(_ record: some WireRecord) {
        writer.clear()
        record.encode(into: &writer)
        var key = record.key
        var venue = record.venueHeader ?? ""
        key.withUTF8 { key in
            venue.withUTF8 { venue in
                _ = sink.send(
                    OutboundRecord(
                        topic: type(of: record).topic,
                        stream: .none,
                        seq: 0,
                        key: UnsafeRawBufferPointer(key),
                        value: writer.bytes,
                        venue: UnsafeRawBufferPointer(venue),
                        timestampMilliseconds: record.timestampMilliseconds
                    )
                )
            }
        }
    }

    private func send(_ topic: TopicID, stream: UInt32, _ seq: UInt64, _ symbol: String, _ now: Int64) {
        var key = symbol
        key.withUTF8 { key in
            _ = sink.send(
                OutboundRecord(
                    topic: topic,
                    stream: StreamID(index: stream),
                    seq: seq,
                    key: UnsafeRawBufferPointer(key),
                    value: writer.bytes,
                    venue: UnsafeRawBufferPointer(start: nil, count: 0),
                    timestampMilliseconds: now / 1000
                )
            )
        }
    }

    private func makeRoom(_ symbol: SymbolID) {
        while sequences.count <= Int(symbol.index) {
            sequences.append(Sequences())
            venueSymbols.append([])
        }
    }

    private func venueSymbol(_ symbol: SymbolID, _ venue: VenueIndex) -> String {
        let row = venueSymbols[Int(symbol.index)]
        return Int(venue.index) < row.count ? row[Int(venue.index)] : ""
    }
}

extension RecordPublisher {
    private func record(
        _ leg: Leg,
        _ symbol: SymbolID,
        _ venue: VenueIndex,
        _ quotes: QuoteTable,
        _ now: Int64
    ) -> QuoteRecord.Leg {
        let health: QuoteRecord.Health =
            switch leg.health {
            case .live: .live
            case .stale: .stale
            case .invalid: .invalid
            }
        return QuoteRecord.Leg(
            venue: quotes.name(of: venue),
            venueSymbol: venueSymbol(symbol, venue),
            feed: quotes.name(ofFeed: leg.identity.feed),
            health: health,
            bid: health == .invalid ? nil : leg.bid,
            ask: health == .invalid ? nil : leg.ask,
            exchangeMicroseconds: leg.exchangeMicroseconds,
            receivedMicroseconds: leg.receivedMicroseconds,
            ageMicroseconds: leg.age(at: now),
            venueSequence: leg.venueSequence
        )
    }

    private func record(
        _ event: OpportunityEvent,
        _ seq: UInt64,
        _ quotes: QuoteTable,
        _ now: Int64
    ) -> OpportunityRecord {
        let symbol = quotes.name(of: event.symbol)
        let buy = quotes.name(of: event.buyVenue)
        let sell = quotes.name(of: event.sellVenue)
        let figures = event.figures
        return OpportunityRecord(
            symbol: symbol,
            aggregator: instance,
            epoch: epoch,
            seq: seq,
            publishedMicroseconds: now,
            id: "\(symbol):\(buy):\(sell):\(event.openedMicroseconds)",
            kind: event.kind == .crossVenueSpot ? .crossVenueSpot : .crossVenuePerpetual,
            state: OpportunityRecord.State(rawValue: event.state.rawValue) ?? .update,
            reason: event.reason.flatMap { OpportunityRecord.Reason(rawValue: $0.rawValue) },
            buy: leg(event.symbol, event.buyVenue, figures.buy, figures.buyFee, quotes, now),
            sell: leg(event.symbol, event.sellVenue, figures.sell, figures.sellFee, quotes, now),
            size: figures.size,
            edge: figures.netEdge,
            edgeBasisPoints: figures.netEdgeBasisPoints,
            profit: figures.netProfit,
            openedMicroseconds: event.openedMicroseconds,
            durationMicroseconds: event.durationMicroseconds,
            trigger: event.trigger.map { trigger in
                OpportunityRecord.Trigger(
                    venue: quotes.name(of: trigger.venue),
                    feed: quotes.name(ofFeed: trigger.identity.feed),
                    epoch: trigger.identity.epoch,
                    seq: trigger.identity.seq,
                    receivedMicroseconds: trigger.receivedMicroseconds
                )
            }
        )
    }

    private func leg(
        _ symbol: SymbolID,
        _ venue: VenueIndex,
        _ level: PriceLevel,
        _ fee: ScaledDecimal,
        _ quotes: QuoteTable,
        _ now: Int64
    ) -> OpportunityRecord.Leg {
        OpportunityRecord.Leg(
            venue: quotes.name(of: venue),
            venueSymbol: venueSymbol(symbol, venue),
            price: level.price,
            size: level.size,
            fee: fee,
            ageMicroseconds: quotes.leg(symbol, venue)?.age(at: now) ?? 0
        )
    }
}
