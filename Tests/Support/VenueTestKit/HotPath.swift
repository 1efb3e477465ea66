// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Models
import VenueKit
import Wire

/// A feed's way from frame to record without socket and broker, over frames with padding behind.
public final class HotPath {
    private let decoder: any FrameDecoder
    private let instruments: InstrumentTable
    private let pipeline: StreamPipeline
    private let sink = CountingSink()
    private var batch = EventBatch()
    private let memory: UnsafeMutableRawBufferPointer
    private var places: [(start: Int, count: Int)] = []
    /// Records that were made.
    public var records: Int { sink.records }
    /// Frames that were dead letters.
    public private(set) var failures = 0

    /// Lays the frames out as a socket's buffer would.
    public init(
        _ venue: any Venue,
        market: MarketID?,
        frames: [String],
        instruments: InstrumentTable = InstrumentTable()
    ) {
        self.instruments = instruments
        decoder = venue.makeDecoder(market: market, instruments: instruments)
        let room = frames.reduce(0) { $0 + $1.utf8.count + JSONScanner.padding }
        memory = .allocate(byteCount: max(room, 1), alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        var start = 0
        for frame in frames {
            let bytes = Array(frame.utf8)
            memory[start..<(start + bytes.count)].copyBytes(from: bytes)
            places.append((start, bytes.count))
            start += bytes.count + JSONScanner.padding
        }
        pipeline = StreamPipeline(feed: "test-feed", instruments: instruments, sink: sink)
    }

    deinit { memory.deallocate() }

    /// Decodes and publishes some of the frames.
    public func run(_ range: Range<Int>) {
        for number in range {
            let place = places[number]
            let bytes = UnsafeRawBufferPointer(
                rebasing: UnsafeRawBufferPointer(memory)[place.start..<(place.start + place.count)]
            )
            batch.removeAll()
            do throws(DecodeError) {
                _ = try decoder.decode(
                    FrameBytes(bytes, readable: place.count + JSONScanner.padding),
                    into: &batch
                )
                pipeline.publish(
                    batch,
                    epoch: 1,
                    received: 1_700_000_000_000_000,
                    published: 1_700_000_000_000_003
                )
            } catch {
                failures += 1
            }
        }
    }
}

/// Counts what it is given.
private final class CountingSink: RecordSink {
    private(set) var records = 0

    func send(_ record: OutboundRecord) -> SendOutcome {
        records += 1
        return .accepted
    }
}
