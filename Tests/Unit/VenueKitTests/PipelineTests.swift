// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Testing
import VenueTestKit
import Wire

@testable import VenueKit

/// Numbers, epochs and what is told of them.
struct PipelineTests {
    private let instruments = InstrumentTable()
    private let sink = RecordingSink()
    private let pipeline: StreamPipeline
    private let bitcoin: InstrumentID
    private let ether: InstrumentID

    init() {
        bitcoin = instruments.upsert(Self.instrument("BTC"))
        ether = instruments.upsert(Self.instrument("ETH"))
        pipeline = StreamPipeline(feed: "test-feed", instruments: instruments, sink: sink)
    }

    private static func instrument(_ base: String) -> Instrument {
        Instrument(
            venue: VenueID("test"),
            market: MarketID("spot"),
            venueSymbol: base + "USDT",
            kind: .spot,
            base: base,
            quote: "USDT",
            settle: "USDT"
        )
    }

    private func trade(_ instrument: InstrumentID, _ id: String, epoch: Int64 = 5, at: Int64 = 2000) throws {
        var batch = EventBatch()
        batch.append(
            Trade(
                instrument: instrument,
                side: .buy,
                exchangeMicroseconds: at,
                id: try #require(ShortText(id)),
                price: .one,
                size: .one
            )
        )
        pipeline.publish(batch, epoch: epoch, received: 7_000_000, published: 7_000_001)
    }

    private func quote(_ instrument: InstrumentID, _ sequence: Int64, epoch: Int64 = 5, at: Int64 = 2000) {
        var batch = EventBatch()
        batch.append(
            BestQuote(
                instrument: instrument,
                exchangeMicroseconds: at,
                venueSequence: sequence,
                bid: PriceLevel(price: .one, size: .one),
                ask: nil
            )
        )
        pipeline.publish(batch, epoch: epoch, received: 7_000_000, published: 7_000_001)
    }

    @Test func `every stream counts from 1 by itself`() throws {
        for number in 1...3 {
            try trade(bitcoin, "\(number)")
            quote(bitcoin, Int64(number))
            quote(ether, Int64(number))
        }
        #expect(
            sink.texts == [
                "1 5 BTC-USDT trade 1", "1 5 BTC-USDT quote 1", "1 5 ETH-USDT quote 1",
                "2 5 BTC-USDT trade 2", "2 5 BTC-USDT quote 2", "2 5 ETH-USDT quote 2",
                "3 5 BTC-USDT trade 3", "3 5 BTC-USDT quote 3", "3 5 ETH-USDT quote 3",
            ]
        )
        #expect(Set(sink.records.map(\.stream)).count == 3)
        #expect(sink.records.map(\.seq) == [1, 1, 1, 2, 2, 2, 3, 3, 3])
        #expect(sink.records.allSatisfy { $0.venue == "test" })
        #expect(sink.records[0].key == "BTC-USDT" && sink.records[0].topic == "md.trade.v1")
        #expect(pipeline.records == 9 && pipeline.slots.count == 3)
    }

    @Test func `a record's time is the venue's, else when it was read`() throws {
        try trade(bitcoin, "1", at: 2999)
        try trade(bitcoin, "2", at: EventTime.none)
        #expect(sink.records.map(\.milliseconds) == [2, 7000])
        #expect(sink.records[1].value.contains("\"exchange_us\":null"))
    }

    @Test func `an epoch is later than every one before, whatever the clock says`() throws {
        quote(bitcoin, 1, epoch: 100)
        let slot = pipeline.slot(bitcoin, .bbo)
        for (epoch, given) in [(200, 200), (200, 201), (50, 202), (202, 203), (1000, 1000)]
            as [(Int64, Int64)]
        {
            pipeline.end(slot, .connectionLost, now: 8)
            quote(bitcoin, 1, epoch: epoch)
            #expect(slot.label.epoch == given && slot.lastSeq == 1)
        }
    }

    @Test func `an open epoch is kept whatever the frames' connection says`() {
        quote(bitcoin, 1, epoch: 100)
        quote(bitcoin, 2, epoch: 900)
        #expect(sink.texts == ["1 100 BTC-USDT quote 1", "2 100 BTC-USDT quote 2"])
    }

    @Test func `the end of a quote stream is said once, of a trade stream not at all`() throws {
        quote(bitcoin, 1)
        try trade(bitcoin, "1")
        for channel in Channel.allCases {
            pipeline.end(pipeline.slot(bitcoin, channel), .silent, now: 9000)
            pipeline.end(pipeline.slot(bitcoin, channel), .shutdown, now: 9000)
            pipeline.end(pipeline.slot(ether, channel), .shutdown, now: 9000)
        }
        #expect(
            sink.texts == ["1 5 BTC-USDT quote 1", "1 5 BTC-USDT trade 1", "2 5 BTC-USDT invalid silent"]
        )
        #expect(sink.records[2].milliseconds == 9)
        #expect(sink.records[2].value.contains("\"received_us\":9000,\"published_us\":9000"))
        quote(bitcoin, 1)
        try trade(bitcoin, "1")
        #expect(sink.texts[3...] == ["1 6 BTC-USDT quote 1", "1 6 BTC-USDT trade 1"])
    }

    @Test func `an abandoned stream ends without a word`() {
        quote(bitcoin, 1)
        pipeline.abandon(pipeline.slot(bitcoin, .bbo))
        quote(bitcoin, 1)
        #expect(sink.texts == ["1 5 BTC-USDT quote 1", "1 6 BTC-USDT quote 1"])
    }

    @Test func `a trade that comes again is dropped and counted, in its epoch`() throws {
        for id in ["10", "11", "10", "11", "9", "12", "9"] { try trade(bitcoin, id) }
        let slot = pipeline.slot(bitcoin, .trade)
        #expect(slot.duplicates == 3)
        #expect(sink.records.map(\.seq) == [1, 2, 3, 4])
        try trade(ether, "10")
        #expect(sink.texts.last == "1 5 ETH-USDT trade 10")
        pipeline.end(slot, .connectionLost, now: 1)
        try trade(bitcoin, "10")
        #expect(sink.texts.last == "1 6 BTC-USDT trade 10")
        #expect(slot.duplicates == 3)
    }

    @Test func `ids that are no numbers are all published`() throws {
        for id in ["a-1", "a-1", "99999999999999999999"] { try trade(bitcoin, id) }
        #expect(sink.records.count == 3)
    }

    @Test func `a sequence that goes back is counted and published, none is not going back`() {
        for sequence in [10, 11, 11, VenueSequence.none, 12, 5, 6] { quote(bitcoin, sequence) }
        #expect(pipeline.slot(bitcoin, .bbo).regressions == 1)
        #expect(sink.records.count == 7)
    }

    @Test func `stream ids differ over the last incarnations and name their stream`() {
        var ids: [StreamID] = []
        let slot = pipeline.slot(bitcoin, .bbo)
        for _ in 0..<6 {
            quote(bitcoin, 1)
            quote(ether, 1)
            ids.append(slot.label.id)
            #expect(pipeline.stream(of: slot.label.id)?.isCurrent == true)
            pipeline.abandon(slot)
        }
        for start in 0...2 { #expect(Set(ids[start..<(start + 4)]).count == 4) }
        #expect(pipeline.stream(of: ids[4])?.isCurrent == false)
        #expect(pipeline.stream(of: ids[4])?.slot === slot)
        #expect(!ids.contains(pipeline.slot(ether, .bbo).label.id))
        #expect(pipeline.stream(of: .none) == nil)
        #expect(pipeline.stream(of: StreamID(index: 8)) == nil)
    }

    @Test func `what the sink refuses is counted and leaves a hole in the numbers`() {
        quote(bitcoin, 1)
        sink.outcome = .lost
        quote(bitcoin, 2)
        sink.outcome = .held
        quote(bitcoin, 3)
        #expect(pipeline.slot(bitcoin, .bbo).refused == 1)
        #expect(sink.records.map(\.seq) == [1, 2, 3])
    }

    @Test func `the delegate hears of each beginning`() {
        let listener = Listener()
        pipeline.delegate = listener
        quote(bitcoin, 1)
        quote(bitcoin, 2)
        quote(ether, 1)
        pipeline.end(pipeline.slot(bitcoin, .bbo), .silent, now: 1)
        quote(bitcoin, 3)
        #expect(listener.begun == ["BTC-USDT", "ETH-USDT", "BTC-USDT"])
    }
}

private final class Listener: StreamPipelineDelegate {
    var begun: [String] = []

    func streamDidBegin(_ slot: StreamSlot) { begun.append(slot.label.symbol) }
}
