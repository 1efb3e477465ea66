// Part of MarketBus. Apache License 2.0, see LICENSE.

import Binance
import CPlatform
import Glibc
import Models
import OKX
import VenueKit
import Wire

/// Recorded frames to the JSON bytes of their records, in memory: decode, number, encode; nothing sent.
struct FrameBenchmark {
    let folder: String
    let runs: Int
    let secondsPerRun: Double

    private static let kinds: [(name: String, venue: String, market: MarketID?)] = [
        ("bn_spot_bbo", "binance", .spot), ("bn_spot_bbo_inner", "binance", .spot),
        ("bn_fut_bbo", "binance", .usdm), ("bn_fut_bbo_inner", "binance", .usdm),
        ("bn_spot_trade", "binance", .spot), ("bn_fut_trade", "binance", .usdm),
        ("bn_spot_aggtrade", "binance", .spot), ("bn_fut_aggtrade", "binance", .usdm),
        ("okx_trades", "okx", nil), ("okx_trades_now", "okx", nil),
        ("okx_bbo", "okx", nil), ("okx_bbo_now", "okx", nil),
    ]

    func runAll() {
        for kind in Self.kinds {
            guard let frames = FrameFile(path: "\(folder)/\(kind.name).txt") else {
                print("frames\t\(kind.name)\tno such file, skipped")
                continue
            }
            run(kind.name, kind.venue, kind.market, frames)
        }
    }

    private func run(_ name: String, _ venue: String, _ market: MarketID?, _ frames: FrameFile) {
        let table = InstrumentTable()
        if venue == "okx" { Self.addContractSizes(table, frames) }
        let decoder =
            venue == "okx"
            ? OKXVenue().makeDecoder(market: nil, instruments: table)
            : BinanceVenue().makeDecoder(market: market, instruments: table)
        let sink = CountingSink()
        let pipeline = StreamPipeline(feed: "\(venue)-feed", instruments: table, sink: sink)
        var loop = Loop(decoder: decoder, pipeline: pipeline)
        _ = loop.measure(frames, seconds: 0.3)
        var results: [Double] = []
        for _ in 0..<runs { results.append(loop.measure(frames, seconds: secondsPerRun)) }
        results.sort()
        let median = results[results.count / 2]
        print(
            "frame->json\t\(name)\tbest \(Int(loop.best))\tmedian \(Int(median)) ns/frame\t"
                + "\(frames.count) frames\terrors \(loop.errors)\trecords \(sink.records)\tbytes \(sink.bytes)"
        )
    }

    /// OKX counts linear contracts; their size comes from the instrument list, here 0.01 for all.
    private static func addContractSizes(_ table: InstrumentTable, _ frames: FrameFile) {
        let decoder = OKXVenue().makeDecoder(market: nil, instruments: table)
        var batch = EventBatch()
        for index in 0..<frames.count {
            _ = try? decoder.decode(frames[index], into: &batch)
            batch.removeAll()
        }
        for var instrument in table.instruments where instrument.kind != .spot {
            instrument.contractSize = .init(mantissa: 1, scale: 2)
            table.upsert(instrument)
        }
    }

    private struct Loop {
        let decoder: any FrameDecoder
        let pipeline: StreamPipeline
        var batch = EventBatch()
        var errors = 0
        var epoch: Int64 = 0
        var best = Double.infinity

        /// Nanoseconds a frame over whole passes for at least so long.
        mutating func measure(_ frames: FrameFile, seconds: Double) -> Double {
            let passes = (4000 + frames.count - 1) / frames.count
            let start = Clock.now
            var last = start
            var done = 0
            while true {
                for _ in 0..<passes {
                    for index in 0..<frames.count { one(frames[index]) }
                    // The same trades again are new ones only in a new epoch.
                    epoch += 1
                    for slot in pipeline.slots where slot.channel == .trade {
                        pipeline.end(slot, .silent, now: 0)
                    }
                }
                done += passes * frames.count
                let now = Clock.now
                best = min(best, Double(now - last) / Double(passes * frames.count))
                last = now
                if Double(now - start) >= seconds * 1e9 { return Double(now - start) / Double(done) }
            }
        }

        private mutating func one(_ frame: FrameBytes) {
            batch.removeAll()
            do throws(DecodeError) {
                _ = try decoder.decode(frame, into: &batch)
                let time: Int64 = 1_723_161_254_087_891
                pipeline.publish(batch, epoch: epoch, received: time, published: time + 3)
            } catch {
                errors += 1
            }
        }
    }
}

/// Counts what it is given.
final class CountingSink: RecordSink {
    private(set) var records = 0
    private(set) var bytes = 0

    func send(_ record: OutboundRecord) -> SendOutcome {
        records += 1
        bytes += record.value?.count ?? 0
        return .accepted
    }
}

/// The monotonic clock. Unit: nanoseconds.
enum Clock {
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// The lines of a file, each with padding behind it, as a socket's buffer gives them.
final class FrameFile {
    private var frames: [(offset: Int, count: Int)] = []
    private let memory: UnsafeMutableRawBufferPointer
    private static let padding = 64

    var count: Int { frames.count }

    init?(path: String) {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let read = fread(&chunk, 1, chunk.count, file)
            if read == 0 { break }
            bytes.append(contentsOf: chunk[0..<read])
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        memory = .allocate(byteCount: bytes.count + lines.count * (Self.padding + 64), alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        var offset = 0
        for line in lines {
            memory[offset..<(offset + line.count)].copyBytes(from: line)
            frames.append((offset, line.count))
            offset += (line.count + Self.padding + 63) / 64 * 64
        }
    }

    deinit { memory.deallocate() }

    subscript(index: Int) -> FrameBytes {
        let (offset, count) = frames[index]
        let bytes = UnsafeRawBufferPointer(
            rebasing: UnsafeRawBufferPointer(memory)[offset..<(offset + count)]
        )
        return FrameBytes(bytes, readable: count + Self.padding)
    }
}
