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
    /// Three sequences a symbol: its quotes, its opportunities, its books.
    private struct Sequences {
        /// When they began, in microseconds since the Unix epoch.
        var epoch: Int64
        var quote: UInt64 = 0
        var opportunity: UInt64 = 0
        var book: UInt64 = 0
    }

    /// The epoch of sequences that nothing else was said of, in microseconds since the Unix epoch.
    private let epoch: Int64
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
            head: AggregateHead(
                symbol: "",
                aggregator: instance,
                epoch: epoch,
                seq: 0,
                publishedMicroseconds: 0
            ),
            bid: nil,
            ask: nil,
            crossed: false,
            locked: false,
            legs: []
        )
    }

    /// Begins a symbol's sequences anew, since it was another instance's before.
    func begin(_ symbol: SymbolID, epoch: Int64) {
        makeRoom(symbol)
        sequences[Int(symbol.index)] = Sequences(epoch: epoch)
    }

    /// The epoch of the sequences of the symbol with this number.
    func epoch(ofSymbol index: UInt32) -> Int64 {
        Int(index) < sequences.count ? sequences[Int(index)].epoch : epoch
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

    /// Notes the venue's own name of a symbol, once.
    func note(_ venueSymbol: String, _ symbol: SymbolID, _ venue: VenueIndex) {
        var copy = venueSymbol
        copy.withUTF8 { note(UnsafeRawBufferPointer($0), symbol, venue) }
    }

    /// Publishes the consolidated quote of a symbol.
    func publish(_ symbol: SymbolID, of quotes: QuoteTable, now: Int64) {
        makeRoom(symbol)
        sequences[Int(symbol.index)].quote += 1
        let view = quotes.quote(of: symbol)
        quote.head = head(symbol, quotes.name(of: symbol), sequences[Int(symbol.index)].quote, now)
        quote.bid = view.bid.map { best($0, quotes) }
        quote.ask = view.ask.map { best($0, quotes) }
        quote.crossed = view.isCrossed
        quote.locked = view.isLocked
        quote.legs.removeAll(keepingCapacity: true)
        for index in 0..<quotes.venueCount {
            let venue = VenueIndex(index: UInt16(truncatingIfNeeded: index))
            if let leg = quotes.leg(symbol, venue) {
                quote.legs.append(record(leg, symbol, venue, quotes, now))
            }
        }
        quotes.convertedLegs(of: symbol, now: now) { quote.legs.append(record($0, quotes, now)) }
        writer.clear()
        quote.encode(into: &writer)
        metrics.quotes.add()
        send(TopicRegistry.quote, stream: symbol.index &* 3, quote.head)
    }

    /// Publishes steps of opportunities; `told` is called for each when it has been handed over.
    func publish(
        _ steps: ContiguousArray<RouteStep>,
        of board: ArbitrageBoard,
        _ quotes: QuoteTable,
        now: Int64,
        told: (RouteStep) -> Void
    ) {
        for step in steps {
            publish(step, of: board, quotes, now: now)
            told(step)
        }
    }

    private func publish(
        _ step: RouteStep,
        of board: ArbitrageBoard,
        _ quotes: QuoteTable,
        now: Int64
    ) {
        guard let first = board.map.routes[step.route].legs.first else { return }
        let symbol = board.depth.symbol(of: first.market)
        makeRoom(symbol)
        let seq = sequences[Int(symbol.index)].opportunity + 1
        let head = head(symbol, quotes.name(of: symbol), seq, now)
        guard let record = record(step, of: board, quotes, head) else { return }
        sequences[Int(symbol.index)].opportunity = seq
        writer.clear()
        record.encode(into: &writer)
        metrics.steps.add()
        send(TopicRegistry.opportunity, stream: symbol.index &* 3 &+ 1, head)
    }

    /// Closes an opportunity that an instance left open that is gone.
    func publishEnd(of orphan: OpportunityRecord, _ symbol: SymbolID, now: Int64) {
        makeRoom(symbol)
        sequences[Int(symbol.index)].opportunity += 1
        var record = orphan
        record.head = head(symbol, orphan.head.symbol, sequences[Int(symbol.index)].opportunity, now)
        record.state = .close
        record.reason = .restarted
        record.trigger = nil
        let (duration, overflow) = now.subtractingReportingOverflow(record.openedMicroseconds)
        record.durationMicroseconds = overflow ? 0 : max(duration, 0)
        writer.clear()
        record.encode(into: &writer)
        metrics.steps.add()
        send(TopicRegistry.opportunity, stream: symbol.index &* 3 &+ 1, record.head)
    }

    /// Publishes the book of a symbol over venues.
    func publishBook(
        _ symbol: SymbolID,
        _ name: String,
        _ top: Int,
        _ venues: [AggBookRecord.Venue],
        _ bids: [AggBookRecord.Level],
        _ asks: [AggBookRecord.Level],
        now: Int64
    ) {
        makeRoom(symbol)
        sequences[Int(symbol.index)].book += 1
        let record = AggBookRecord(
            head: head(symbol, name, sequences[Int(symbol.index)].book, now),
            top: Int64(top),
            venues: venues,
            bids: bids,
            asks: asks
        )
        writer.clear()
        record.encode(into: &writer)
        metrics.aggregatedBooks.add()
        send(TopicRegistry.aggregatedBook, stream: symbol.index &* 3 &+ 2, record.head)
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

    /// What a symbol's record with this number begins with.
    private func head(_ symbol: SymbolID, _ name: String, _ seq: UInt64, _ now: Int64) -> AggregateHead {
        AggregateHead(
            symbol: name,
            aggregator: instance,
            epoch: sequences[Int(symbol.index)].epoch,
            seq: seq,
            publishedMicroseconds: now
        )
    }

    private func send(_ topic: TopicID, stream: UInt32, _ head: AggregateHead) {
        var key = head.symbol
        key.withUTF8 { key in
            _ = sink.send(
                OutboundRecord(
                    topic: topic,
                    stream: StreamID(index: stream),
                    seq: head.seq,
                    key: UnsafeRawBufferPointer(key),
                    value: writer.bytes,
                    venue: UnsafeRawBufferPointer(start: nil, count: 0),
                    timestampMilliseconds: head.publishedMicroseconds / 1000
                )
            )
        }
    }

    private func makeRoom(_ symbol: SymbolID) {
        while sequences.count <= Int(symbol.index) {
            sequences.append(Sequences(epoch: epoch))
            venueSymbols.append([])
        }
    }

    func venueSymbol(_ symbol: SymbolID, _ venue: VenueIndex) -> String {
        guard Int(symbol.index) < venueSymbols.count else { return "" }
        let row = venueSymbols[Int(symbol.index)]
        return Int(venue.index) < row.count ? row[Int(venue.index)] : ""
    }
}
