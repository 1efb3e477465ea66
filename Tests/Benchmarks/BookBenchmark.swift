// Part of MarketBus. Apache License 2.0, see LICENSE.

import AllocationCount
import Coinbase
import FixedPoint
import Glibc
import Models
import OrderBooks
import VenueKit

/// What a level update costs, and what books weigh; no files needed.
struct BookBenchmark {
    private static let updates = 200_000
    private static let span = 1_000

    /// Prints a line a case; false if a live book asks for memory.
    func runAll() -> Bool {
        memory(books: 500, levels: 1_000)
        var isClean = true
        for count in [100, 1_000, 5_000, 30_000] {
            for isNearTop in [true, false] where !apply(count, isNearTop: isNearTop) { isClean = false }
        }
        for count in [1_000, 20_000] { audit(levels: count) }
        return machine() && isClean
    }

    /// How long an audit's answer, a whole book of Coinbase, keeps the feed's thread from frames: read, and compared.
    private func audit(levels count: Int) {
        let venue = CoinbaseVenue()
        let table = InstrumentTable()
        let instrument = table.upsert(
            Instrument(
                venue: CoinbaseVenue.id,
                market: MarketID("spot"),
                venueSymbol: "BTC-USD",
                kind: .spot,
                base: "BTC",
                quote: "USD",
                settle: "USD"
            )
        )
        let text = Self.answer(levels: count)
        var batch = EventBatch()
        var machine = BookMachine(rules: .sequenceless(source: .stream, scope: .whole, depth: nil))
        var output = CountingOutput()
        var spans: [(read: Double, compared: Double)] = []
        for _ in 0..<15 {
            batch.removeAll()
            let began = Clock.monotonic
            var bytes = text
            let isRead = bytes.withUTF8 { body in
                let query = VenueQuery.book(depth: Int.max)
                let read: Void? = try? venue.read(
                    UnsafeRawBufferPointer(body),
                    answering: query,
                    of: instrument,
                    table,
                    into: &batch
                )
                return read != nil
            }
            guard isRead, let update = batch.books.first else {
                return print("book-audit\tthe answer can't be read")
            }
            let read = Clock.monotonic
            let (bids, asks) = (batch.levels[update.bids], batch.levels[update.asks])
            if machine.state != .live {
                take(&machine, &output, .snapshot, Array(bids)[...], Array(asks)[...])
            }
            guard machine.beginRefresh() else { return print("book-audit\tthe book takes no comparison") }
            let ready = Clock.monotonic
            let result = compare(&machine, batch.levels, update)
            guard case .equal = result else {
                return print("book-audit\tnot equal: \(String(describing: result))")
            }
            spans.append((Double(read - began) / 1e6, Double(Clock.monotonic - ready) / 1e6))
        }
        let reads = spans.map(\.read).sorted()
        let compared = spans.map(\.compared).sorted()
        let middle = spans.count / 2
        print(
            "book-audit\t\(count) levels a side, \(text.utf8.count / 1024) KiB\tread median \(tenths(reads[middle])) ms\t"
                + "compared median \(tenths(compared[middle])) ms"
        )
    }

    /// Compares a book with a whole one that was read.
    private func compare(
        _ machine: inout BookMachine,
        _ levels: ContiguousArray<PriceLevel>,
        _ update: BookUpdate
    ) -> BookComparison? {
        levels.withUnsafeBufferPointer { levels in
            machine.compare(
                BookFrame(
                    kind: .snapshot,
                    sequence: .none,
                    exchangeMicroseconds: EventTime.none,
                    receivedMicroseconds: 0,
                    bids: UnsafeBufferPointer(rebasing: levels[update.bids]),
                    asks: UnsafeBufferPointer(rebasing: levels[update.asks])
                )
            )
        }
        machine.concludeComparison()
        return machine.takeComparison()
    }

    /// What Coinbase answers to the question for a whole book.
    private static func answer(levels count: Int) -> String {
        func side(_ first: Int, _ step: Int) -> String {
            (0..<count).map { "[\"\(first + step * $0).25\",\"0.0\($0 % 89 + 10)\",\($0 % 7 + 1)]" }.joined(
                separator: ","
            )
        }
        return #"{"sequence":1,"time":"2026-11-22T05:00:00.000000Z","auction_mode":false,"auction":null,"#
            + "\"bids\":[\(side(100_000, -1))],\"asks\":[\(side(100_001, 1))]}"
    }

    /// Level updates alone: 40 % removals, the rest new levels and new sizes.
    private func apply(_ count: Int, isNearTop: Bool) -> Bool {
        var noise = BookNoise(state: 42)
        let load = noise.levels(count)
        let changes = noise.changes(Self.updates, count, isNearTop: isNearTop)
        var book = OrderBook()
        for level in load { book.apply(.bids, level) }
        var spans: [Double] = []
        var allocations = 0
        changes.withUnsafeBufferPointer { changes in
            for _ in 0..<5 { book.apply(.bids, changes) }
            allocations = AllocationCounter.count { book.apply(.bids, changes) }
            // The median of short spans: what else the machine does in between falls out.
            for start in stride(from: 0, to: changes.count, by: Self.span) {
                let part = UnsafeBufferPointer(rebasing: changes[start..<(start + Self.span)])
                let began = Clock.monotonic
                book.apply(.bids, part)
                spans.append(Double(Clock.monotonic - began) / Double(Self.span))
            }
        }
        spans.sort()
        let place = isNearTop ? "near the top" : "anywhere"
        print(
            "book-apply\t\(count) levels, \(place)\tmedian \(tenths(spans[spans.count / 2])) ns/level\tbest \(tenths(spans[0]))\tallocations \(allocations)"
        )
        return allocations == 0
    }

    /// The whole way of an increment: rules, levels, faults looked for, the delta handed out.
    private func machine() -> Bool {
        var noise = BookNoise(state: 7)
        var bids = noise.levels(1_000)
        bids.sort { $1.price < $0.price }
        let top = ScaledDecimal(1_000_000)
        let asks = [PriceLevel(price: top, size: .one)]
        let perFrame = 10
        var changes = noise.changes(Self.updates, 1_000, isNearTop: true)
        // A venue's frame has its levels in order.
        for start in stride(from: 0, to: changes.count, by: perFrame) {
            changes[start..<(start + perFrame)].sort { $1.price < $0.price }
        }
        let rules = BookRules.sequenceless(source: .stream, scope: .window, depth: 2_000)
        var machine = BookMachine(rules: rules)
        var output = CountingOutput()
        take(&machine, &output, .snapshot, bids[...], asks[...])
        func pass() {
            for start in stride(from: 0, to: changes.count - perFrame, by: perFrame) {
                take(&machine, &output, .delta, changes[start..<(start + perFrame)], [])
            }
        }
        for _ in 0..<5 { pass() }
        let allocations = AllocationCounter.count { pass() }
        var spans: [Double] = []
        for start in stride(from: 0, to: changes.count, by: Self.span) {
            let began = Clock.monotonic
            for place in stride(from: start, to: start + Self.span, by: perFrame) {
                take(&machine, &output, .delta, changes[place..<(place + perFrame)], [])
            }
            spans.append(Double(Clock.monotonic - began) / Double(Self.span / perFrame))
        }
        spans.sort()
        let cost = spans[spans.count / 2]
        print(
            "book-machine\t\(perFrame) levels a frame, 1000 levels\t\(tenths(cost)) ns/frame\tallocations \(allocations)"
        )
        return allocations == 0
    }

    private func take(
        _ machine: inout BookMachine,
        _ output: inout CountingOutput,
        _ kind: BookFrame.Kind,
        _ bids: ArraySlice<PriceLevel>,
        _ asks: ArraySlice<PriceLevel>
    ) {
        bids.withUnsafeBufferPointer { bids in
            asks.withUnsafeBufferPointer { asks in
                let frame = BookFrame(
                    kind: kind,
                    sequence: .none,
                    exchangeMicroseconds: EventTime.none,
                    receivedMicroseconds: 0,
                    bids: bids,
                    asks: asks
                )
                machine.take(frame, &output)
            }
        }
    }

    /// Resident memory of many books, after some life.
    private func memory(books count: Int, levels: Int) {
        let before = Memory.residentBytes
        var books: [BookBox] = []
        for index in 0..<count {
            var noise = BookNoise(state: UInt64(index))
            let box = BookBox()
            for half in BookHalf.allCases {
                for level in noise.levels(levels) { box.book.apply(half, level) }
                for level in noise.changes(levels * 4, levels, isNearTop: false) {
                    box.book.apply(half, level)
                }
            }
            books.append(box)
        }
        let bytes = Memory.residentBytes - before
        let held = books.reduce(0) { $0 + $1.book.count(.bids) + $1.book.count(.asks) }
        print(
            "book-memory\t\(count) books, \(held) levels\t\(bytes / 1024) KiB\t\(bytes / max(held, 1)) bytes/level"
        )
    }

    private func tenths(_ value: Double) -> Double { Double(Int(value * 10)) / 10 }
}

private final class BookBox {
    var book = OrderBook()
}

/// Counts what it is given.
private struct CountingOutput: BookOutput {
    var records = 0

    mutating func publishSnapshot(_ book: borrowing OrderBook, limit: Int, _ stamp: BookStamp) {
        records += 1
    }
    mutating func publishDelta(
        bids: UnsafeBufferPointer<PriceLevel>,
        asks: UnsafeBufferPointer<PriceLevel>,
        _ stamp: BookStamp
    ) { records += 1 }
    mutating func publishInvalid(_ fault: BookFault, _ stamp: BookStamp) { records += 1 }
    mutating func needSnapshot(_ why: BookNeed) {}
}

/// Repeatable levels on a grid of which half is occupied.
private struct BookNoise {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed &>> 31)
    }

    mutating func levels(_ count: Int) -> [PriceLevel] {
        (0..<count).map { level(at: $0 * 2, size: 5) }
    }

    /// Changes that keep the book at about its size; near the top: exponentially rarer with the distance.
    mutating func changes(_ count: Int, _ levels: Int, isNearTop: Bool) -> [PriceLevel] {
        (0..<count).map { _ in
            let unit = Double(next() >> 11) * 0x1p-53
            let distance =
                isNearTop
                ? min(Int(-log(1 - unit) * Double(levels) / 20), 2 * levels - 1)
                : Int(next() % UInt64(2 * levels))
            return level(at: 2 * levels - 1 - distance, size: next() % 5 < 2 ? 0 : Int64(next() % 900 + 1))
        }
    }

    /// Prices in cents, sizes in thousandths.
    private func level(at tick: Int, size: Int64) -> PriceLevel {
        PriceLevel(
            price: ScaledDecimal(mantissa64: Int64(tick + 60_001), decimals: 2),
            size: ScaledDecimal(mantissa64: size, decimals: 3)
        )
    }
}
