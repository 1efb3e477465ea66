// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Testing

@testable import OrderBooks

/// A decimal from a literal in a test; a text that is none fails the test.
func decimal(_ text: String) -> ScaledDecimal {
    guard let value = try? ScaledDecimal(text) else {
        Issue.record("\(text) is no decimal")
        return .zero
    }
    return value
}

/// Levels from `price size` texts.
func levels(_ texts: [String]) -> [PriceLevel] {
    texts.map { text in
        let parts = text.split(separator: " ")
        return PriceLevel(price: decimal(String(parts[0])), size: decimal(String(parts[1])))
    }
}

/// A push that owns its levels.
struct Push {
    var kind = BookFrame.Kind.delta
    var sequence = BookSequence.none
    var received: Int64 = 0
    var checksum: Int32 = 0
    var depth: Int?
    var bids: [PriceLevel] = []
    var asks: [PriceLevel] = []

    static func delta(
        _ first: Int64,
        _ last: Int64,
        previous: Int64 = VenueSequence.none,
        at received: Int64 = 0,
        bids: [String] = [],
        asks: [String] = []
    ) -> Push {
        Push(
            sequence: BookSequence(first: first, last: last, previous: previous),
            received: received,
            bids: levels(bids),
            asks: levels(asks)
        )
    }

    static func snapshot(
        _ last: Int64,
        at received: Int64 = 0,
        depth: Int? = nil,
        bids: [String] = ["100 1"],
        asks: [String] = ["101 1"]
    ) -> Push {
        Push(
            kind: .snapshot,
            sequence: BookSequence(last: last),
            received: received,
            depth: depth,
            bids: levels(bids),
            asks: levels(asks)
        )
    }

    func withFrame(_ body: (borrowing BookFrame) -> Void) {
        bids.withUnsafeBufferPointer { bids in
            asks.withUnsafeBufferPointer { asks in
                body(
                    BookFrame(
                        kind: kind,
                        sequence: sequence,
                        exchangeMicroseconds: EventTime.none,
                        receivedMicroseconds: received,
                        checksum: checksum,
                        depth: depth,
                        bids: bids,
                        asks: asks
                    )
                )
            }
        }
    }
}

/// What a machine asked for, in order.
struct Recorder: BookOutput {
    enum Step: Equatable {
        case snapshot(bids: [PriceLevel], asks: [PriceLevel])
        case delta(bids: [PriceLevel], asks: [PriceLevel])
        case invalid(BookFault)
        case need(BookNeed)
    }

    var steps: [Step] = []
    var stamps: [BookStamp] = []
    /// The book as a reader of the records has it.
    var reader = ReaderBook()

    mutating func publishSnapshot(_ book: borrowing OrderBook, limit: Int, _ stamp: BookStamp) {
        let bids = book.levels(.bids, limit).filter { stamp.horizonBid.map($0.price.isAtLeast) ?? true }
        let asks = book.levels(.asks, limit).filter { stamp.horizonAsk.map($0.price.isAtMost) ?? true }
        steps.append(.snapshot(bids: bids, asks: asks))
        stamps.append(stamp)
        reader.load(bids, asks, stamp.epoch)
    }

    mutating func publishDelta(
        bids: UnsafeBufferPointer<PriceLevel>,
        asks: UnsafeBufferPointer<PriceLevel>,
        _ stamp: BookStamp
    ) {
        steps.append(.delta(bids: Array(bids), asks: Array(asks)))
        stamps.append(stamp)
        reader.apply(Array(bids), Array(asks), stamp)
    }

    mutating func publishInvalid(_ fault: BookFault, _ stamp: BookStamp) {
        steps.append(.invalid(fault))
        stamps.append(stamp)
        reader.invalidate()
    }

    mutating func needSnapshot(_ why: BookNeed) {
        steps.append(.need(why))
    }

    /// The names of the steps, which is what most tests are about.
    var names: [String] {
        steps.map { step in
            switch step {
            case .snapshot: "snapshot"
            case .delta: "delta"
            case .invalid(let fault): "invalid \(fault.rawValue)"
            case .need(.begin): "need begin"
            case .need(.useless): "need useless"
            case .need(.fault): "need fault"
            case .need(.horizon): "need horizon"
            }
        }
    }
}

/// A naive book: dictionaries, and what a reader of the records may rely on.
struct ReaderBook {
    var bids: [ScaledDecimal: ScaledDecimal] = [:]
    var asks: [ScaledDecimal: ScaledDecimal] = [:]
    var epoch: Int64 = 0
    var isValid = false
    /// Records that should not have come.
    var violations: [String] = []

    mutating func load(_ newBids: [PriceLevel], _ newAsks: [PriceLevel], _ newEpoch: Int64) {
        if newEpoch < epoch { violations.append("book_epoch went back") }
        if !isValid, newEpoch == epoch { violations.append("an ended book_epoch goes on") }
        (bids, asks, epoch, isValid) = ([:], [:], newEpoch, true)
        set(newBids, newAsks)
        if isCrossed { violations.append("a crossed book is published") }
    }

    mutating func apply(_ newBids: [PriceLevel], _ newAsks: [PriceLevel], _ stamp: BookStamp) {
        if !isValid { violations.append("a delta without a book") }
        if stamp.epoch != epoch { violations.append("a delta of another book_epoch") }
        set(newBids, newAsks)
        // What lies beyond the horizon is not proven: it is forgotten.
        if let edge = stamp.horizonBid { bids = bids.filter { $0.key >= edge } }
        if let edge = stamp.horizonAsk { asks = asks.filter { $0.key <= edge } }
        if isCrossed { violations.append("a delta crosses the book") }
    }

    mutating func invalidate() {
        if !isValid { violations.append("invalid twice") }
        isValid = false
    }

    var isCrossed: Bool {
        guard let bid = bids.keys.max(), let ask = asks.keys.min() else { return false }
        return bid >= ask
    }

    mutating func set(_ newBids: [PriceLevel], _ newAsks: [PriceLevel]) {
        for level in newBids { bids[level.price] = level.size.isZero ? nil : level.size }
        for level in newAsks { asks[level.price] = level.size.isZero ? nil : level.size }
    }

    func sorted(_ half: BookHalf) -> [PriceLevel] {
        let side = half == .bids ? bids : asks
        return side.map { PriceLevel(price: $0.key, size: $0.value) }
            .sorted { half == .bids ? $1.price < $0.price : $0.price < $1.price }
    }
}

extension OrderBook {
    /// The best levels of a side.
    func levels(_ half: BookHalf, _ limit: Int = .max) -> [PriceLevel] {
        var list: [PriceLevel] = []
        walk(half) { level in
            guard list.count < limit else { return false }
            list.append(level)
            return true
        }
        return list
    }
}

/// Repeatable noise.
struct Noise: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed &>> 31)
    }
}

/// Rules in the manner of the four venues, for machines under test.
enum TestRules {
    /// Ranges that touch or overlap, snapshots by call (Binance spot).
    static func ranges(levels: Int? = nil) -> BookRules {
        let link: BookRules.Link = { book, push in
            push.last <= book ? .stale : push.first <= book &+ 1 ? .next : .gap
        }
        return BookRules(
            source: .call(levels: levels),
            scope: .snapshot,
            depth: levels,
            join: link,
            follow: link
        )
    }

    /// Each names the one before, snapshots by call (Binance futures).
    static let chained = BookRules(
        source: .call(levels: nil),
        scope: .snapshot,
        depth: nil,
        join: { book, push in
            if push.last < book { return .stale }
            return push.first <= book || push.previous == book ? .next : .gap
        },
        follow: { book, push in push.previous == book ? .next : push.last <= book ? .stale : .gap }
    )

    /// Each names the one before, snapshots in the stream, a window of so many levels (OKX).
    static func window(_ depth: Int) -> BookRules {
        let link: BookRules.Link = { book, push in push.previous == book ? .next : .gap }
        return BookRules(
            source: .stream,
            scope: .window,
            depth: depth,
            join: link,
            follow: link,
            checksum: BookChecksum(levels: 25, unit: nil)
        )
    }

    /// No numbers at all (Coinbase).
    static let bare = BookRules.sequenceless(source: .stream, scope: .whole, depth: nil)
}

/// A machine and what it asked for.
final class Bench {
    var machine: BookMachine
    var recorder = Recorder()

    init(_ rules: BookRules, _ settings: BookSettings = BookSettings()) {
        machine = BookMachine(rules: rules, settings: settings)
    }

    @discardableResult
    func take(_ pushes: Push...) -> [String] {
        let before = recorder.steps.count
        for push in pushes { push.withFrame { machine.take($0, &recorder) } }
        return Array(recorder.names[before...])
    }

    @discardableResult
    func beginRefresh() -> Bool { machine.beginRefresh() }
    func takeComparison() -> BookComparison? { machine.takeComparison() }
    var isRefreshing: Bool { machine.refresh != nil }

    var bids: [PriceLevel] { machine.book.levels(.bids) }
    var asks: [PriceLevel] { machine.book.levels(.asks) }
}

extension ScaledDecimal {
    func isAtLeast(_ other: ScaledDecimal) -> Bool { self >= other }
    func isAtMost(_ other: ScaledDecimal) -> Bool { self <= other }
}
