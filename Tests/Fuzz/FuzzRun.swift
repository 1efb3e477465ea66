// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit
import VenueTestKit
import Wire

/// What became of the frames.
struct Tally {
    private(set) var events = 0
    private(set) var records = 0
    private(set) var deadLetters = 0
    /// Changes of shape that were told.
    private(set) var drifts = 0
    private var frames: [String: Int] = [:]

    mutating func note(_ kind: String) { frames[kind, default: 0] += 1 }
    mutating func noteDrift() { drifts += 1 }
    mutating func note(events count: Int) { events += count }
    mutating func note(records count: Int) { records += count }

    mutating func note(_ error: DecodeError) {
        deadLetters += 1
        note("dead letter \(error.reason)")
    }

    /// Prints a line a kind.
    func report() {
        for (kind, count) in frames.sorted(by: { $0.key < $1.key }) { print("frames\t\(kind)\t\(count)") }
        print("events\t\(events)\nrecords\t\(records)\ndrifts\t\(drifts)")
    }
}

/// A feed's way from frame to record under damaged frames.
final class FuzzRun {
    private(set) var tally = Tally()
    /// The first failures.
    private(set) var failures: [String] = []
    private(set) var failureCount = 0

    private let options: Options
    private let corpus: Corpus
    private let scanner = JSONScanner()
    private let memory = GuardedMemory(capacity: 1 << 17)
    private var mutator: Mutator
    private let sentinel: DriftSentinel
    /// Frames of the corpus that give events.
    private var telling: [[UInt8]] = []
    private var instruments: [Instrument] = []
    private var batch = EventBatch()
    private var writer = JSONWriter()
    private static let framesPerPipeline = 20_000

    init(_ options: Options, _ corpus: Corpus) {
        self.options = options
        self.corpus = corpus
        mutator = Mutator(seed: options.seed)
        sentinel = DriftSentinel(options.venue.venue.frameSheet)
    }

    /// Takes all frames.
    ///
    /// Damaged symbols make instruments, so tables and pipelines are thrown away now and then.
    func work() {
        guard let scanner, let memory else { return fail("no memory", []) }
        study()
        var rest = options.count
        while rest > 0 {
            let part = min(rest, Self.framesPerPipeline)
            work(part, RecordCheck(scanner), memory)
            rest -= part
        }
        if tally.drifts > DriftSentinel.reportLimit { fail("\(tally.drifts) drifts were told", []) }
    }

    private func work(_ count: Int, _ check: RecordCheck, _ memory: GuardedMemory) {
        let table = makeTable()
        // One connection a market: their streams are not those of the others.
        let paths = options.venue.markets.map { market in
            FeedPath(options.venue.venue, market: market, instruments: table, sink: check)
        }
        var frame: [UInt8] = []
        for number in 0..<count {
            mutator.next(corpus.frames, telling, into: &frame)
            let place = mutator.below(paths.count)
            check.connection = place
            let time = Int64(number)
            frame.withUnsafeBytes { bytes in
                let text = memory.place(bytes, isPadded: bytes.count.isMultiple(of: 2))
                take(text, paths[place], check, time)
                sentinel.look(text, options.venue.markets[place]) { _ in tally.noteDrift() }
            }
            if mutator.below(100) == 0, !paths[place].pipeline.slots.isEmpty {
                let slots = paths[place].pipeline.slots
                paths[place].end(slots[mutator.below(slots.count)], time: time)
            }
            if let failure = check.takeFailure() { fail(failure, frame) }
        }
        tally.note(records: check.records)
    }

    /// The instruments that the corpus names; contracts stand for 0.01 each.
    private func makeTable() -> InstrumentTable {
        let table = InstrumentTable()
        for instrument in instruments { table.upsert(instrument) }
        return table
    }

    /// Finds the instruments of the untouched frames, and then which of these give events.
    private func study() {
        let table = InstrumentTable()
        for frame in corpus.frames { _ = events(of: frame, table) }
        instruments = table.instruments.map { known in
            var instrument = known
            if known.kind != .spot { instrument.contractSize = ScaledDecimal(mantissa: 1, scale: 2) }
            return instrument
        }
        let listed = makeTable()
        telling = corpus.frames.filter { events(of: $0, listed) > 0 }
    }

    private func events(of frame: [UInt8], _ table: InstrumentTable) -> Int {
        let decoder = options.venue.venue.makeDecoder(market: nil, instruments: table)
        defer { batch.removeAll() }
        frame.withUnsafeBytes { _ = try? decoder.decode(FrameBytes($0), into: &batch) }
        return batch.count
    }

    private func take(_ frame: FrameBytes, _ path: FeedPath, _ check: RecordCheck, _ time: Int64) {
        do throws(DecodeError) {
            switch try path.take(frame, epoch: time, time: time) {
            case .events:
                tally.note("events")
                tally.note(events: path.batch.count)
                try begin(path, frame, time)
            case .ignored(let kind): tally.note("ignored \(kind)")
            case .control: tally.note("control")
            }
        } catch {
            tally.note(error)
            letter(frame.bytes, error, check)
        }
    }

    /// Now and then gives the frame's book what it needs to be live, and the frame once more.
    private func begin(_ path: FeedPath, _ frame: FrameBytes, _ time: Int64) throws(DecodeError) {
        guard let book = path.batch.books.first, book.kind == .delta, mutator.below(4) == 0 else { return }
        let hasPrevious = book.previousSequence != VenueSequence.none
        path.beginBook(
            book.instrument,
            number: hasPrevious ? book.previousSequence : book.firstSequence &- 1,
            bids: [PriceLevel(price: ScaledDecimal(mantissa: 1, scale: 9) ?? .one, size: .one)],
            asks: [PriceLevel(price: ScaledDecimal(1_000_000_000), size: .one)],
            time: time
        )
        _ = try path.take(frame, epoch: time, time: time)
    }

    private func letter(_ frame: UnsafeRawBufferPointer, _ error: DecodeError, _ check: RecordCheck) {
        let record = DeadLetterRecord(
            source: "fuzz-feed/1",
            venue: options.venue.rawValue,
            feed: "fuzz-feed",
            atMicroseconds: 1,
            reason: error.reason,
            detail: error.detail,
            connection: "1",
            frame: frame
        )
        writer.clear()
        record.encode(into: &writer)
        check.check(deadLetter: writer.bytes, reason: error.reason)
    }

    private func fail(_ what: String, _ frame: [UInt8]) {
        failureCount += 1
        guard failures.count < 20 else { return }
        failures.append("\(what)\n\tframe \(String(decoding: frame, as: UTF8.self).debugDescription)")
    }
}
