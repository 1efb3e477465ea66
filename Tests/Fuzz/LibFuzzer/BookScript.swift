// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
@testable import OrderBooks

/// A market that is right, a connection that is not, and a machine between: every byte is a step.
struct BookScript: ~Copyable {
    /// How the venue numbers its pushes.
    enum Numbering: UInt8 {
        /// First, last and the one before.
        case ranges
        /// One after the other, without the one before.
        case ones
        /// Not at all.
        case none
        /// The last only, which proves nothing.
        case any
    }

    /// A push that owns its levels.
    struct Push {
        var kind = BookFrame.Kind.delta
        var sequence = BookSequence.none
        var depth: Int?
        var checksum: Int32 = 0
        var bids: [PriceLevel] = []
        var asks: [PriceLevel] = []
    }

    private var machine: BookMachine
    private var witness: BookWitness
    private let ticks: BookTicks
    private let numbering: Numbering
    private var truth = PlainBook()
    private var middle = BookTicks.count / 2
    private var number: Int64 = 1000
    private var time: Int64 = 1
    private var last = Push()
    private var held: Push?
    private var moments: [(book: PlainBook, number: Int64)] = []
    /// What is to happen to the next increment.
    private var fault: UInt8 = 0
    private var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    private var place = 0

    init(_ rules: BookRules, _ settings: BookSettings, _ numbering: Numbering, _ ticks: BookTicks) {
        machine = BookMachine(rules: rules, settings: settings)
        witness = BookWitness(rules, settings, ticks)
        self.ticks = ticks
        self.numbering = numbering
        for distance in stride(from: 1, through: 13, by: 2) {
            truth.set(.bids, middle - distance, ScaledDecimal(5))
            truth.set(.asks, middle + distance, ScaledDecimal(5))
        }
    }

    mutating func run(_ script: UnsafeRawBufferPointer) {
        bytes = script
        while place < bytes.count { step() }
        witness.compare(machine.book, isLive: machine.state == .live)
    }

    private mutating func next() -> UInt8 {
        guard place < bytes.count else { return 0 }
        defer { place += 1 }
        return bytes[place]
    }

    private mutating func step() {
        time += 1
        let code = next()
        switch code & 15 {
        case 0...5: increment(count: Int(code >> 4) % 4)
        case 6: middle = min(max(middle + Int(code >> 4) - 8, 16), BookTicks.count - 16)
        case 7, 8, 9: fault = code & 15
        case 10: damaged(code >> 4)
        case 11: renumbered(code >> 4)
        case 12: deliver(snapshot(code >> 4, of: truth, number))
        case 13:
            guard !moments.isEmpty else { return }
            let moment = moments[Int(code >> 4) % moments.count]
            deliver(snapshot(0, of: moment.book, moment.number))
        case 14:
            var whole = snapshot(code >> 4, of: truth, number)
            whole.kind = .whole
            if code & 128 != 0 { number += 1 }
            deliver(whole)
        default: control(code >> 4)
        }
    }

    // MARK: The market

    private mutating func increment(count: Int) {
        var push = Push()
        for place in 0..<BookTicks.count {
            // The spread closes behind the middle and opens before it.
            if place >= middle, !truth.size(.bids, place).isZero { set(.bids, place, 0, &push) }
            if place <= middle, !truth.size(.asks, place).isZero { set(.asks, place, 0, &push) }
        }
        for _ in 0..<count {
            let place = Int(next()) % BookTicks.count
            if place != middle { set(place < middle ? .bids : .asks, place, next(), &push) }
        }
        push.sequence = advance(by: 1 + Int64(count & 1))
        if count == 1 { remember() }
        switch fault {
        case 7: break
        case 9:
            held = push
        default:
            deliver(push)
            if fault == 8 { deliver(push) }
            if let late = held {
                held = nil
                deliver(late)
            }
        }
        fault = 0
    }

    private mutating func set(_ half: BookHalf, _ place: Int, _ size: UInt8, _ push: inout Push) {
        let amount = size & 3 == 0 ? ScaledDecimal.zero : Self.size(size)
        truth.set(half, place, amount)
        let level = PriceLevel(price: ticks[place], size: amount)
        if half == .bids { push.bids.append(level) } else { push.asks.append(level) }
    }

    /// Sizes from tiny to more than 64 bits hold.
    private static func size(_ byte: UInt8) -> ScaledDecimal {
        let digits = Int128(byte)
        switch byte {
        case 255: return ScaledDecimal(mantissa: digits * 1_000_000_000_000_000_000_000, scale: 0) ?? .one
        case 254: return ScaledDecimal(mantissa: digits, scale: 30) ?? .one
        case 200...: return ScaledDecimal(mantissa: digits, scale: 8) ?? .one
        default: return ScaledDecimal(mantissa: digits, scale: 2) ?? .one
        }
    }

    private mutating func advance(by step: Int64) -> BookSequence {
        let before = number
        switch numbering {
        case .ranges:
            number += step
            return BookSequence(first: before + 1, last: number, previous: before)
        case .ones:
            number += 1
            return BookSequence(first: number, last: number)
        case .none:
            return .none
        case .any:
            number += 1
            return BookSequence(first: .max, last: number)
        }
    }

    private func snapshot(_ depth: UInt8, of book: PlainBook, _ number: Int64) -> Push {
        var push = Push(kind: .snapshot)
        push.sequence = numbering == .none ? .none : BookSequence(last: number)
        let limit = depth == 0 ? BookTicks.count : Int(depth) * 2
        if depth != 0 { push.depth = limit }
        for half in BookHalf.allCases {
            let levels = book.places(half).prefix(limit).map { place in
                PriceLevel(price: ticks[place], size: book.size(half, place))
            }
            if half == .bids { push.bids = levels } else { push.asks = levels }
        }
        return push
    }

    private mutating func remember() {
        moments.append((truth, number))
        if moments.count > 4 { moments.removeFirst() }
    }

    // MARK: What is wrong

    /// Levels that the market does not have: crossed, of no size, of no price, one price twice.
    private mutating func damaged(_ kind: UInt8) {
        var push = Push()
        let place = Int(next()) % BookTicks.count
        let size = Self.size(next() | 1)
        switch kind & 7 {
        case 0: push.bids = [PriceLevel(price: ticks[place], size: size)]
        case 1: push.asks = [PriceLevel(price: ticks[place], size: size)]
        case 2: push.bids = [PriceLevel(price: .zero, size: size)]
        case 3: push.asks = [PriceLevel(price: ScaledDecimal(-1), size: size)]
        case 4: push.bids = [PriceLevel(price: ticks[place], size: ScaledDecimal(-1))]
        case 5: push.asks = [PriceLevel(price: ticks[place], size: .zero)]
        case 6:
            push.bids = [
                PriceLevel(price: ticks[place % middle], size: size),
                PriceLevel(price: ticks[place % middle], size: .zero),
            ]
        default: push.checksum = Int32(next()) + 1
        }
        if kind & 8 != 0 { push.kind = place & 1 == 0 ? .snapshot : .whole }
        push.sequence = advance(by: 1)
        deliver(push)
    }

    /// An increment with numbers from nowhere.
    private mutating func renumbered(_ kind: UInt8) {
        let numbers: [Int64] = [
            .min, .max, 0, -1, number, number + 1, number - 1, number + 100, VenueSequence.none, 1 << 40,
        ]
        var push = last
        push.kind = kind & 1 == 0 ? .delta : last.kind
        push.sequence = BookSequence(
            first: numbers[Int(next()) % numbers.count],
            last: numbers[Int(next()) % numbers.count],
            previous: numbers[Int(next()) % numbers.count]
        )
        // The venue counts on from there, as after its maintenance.
        if kind & 8 != 0 { number = Int64(next()) }
        deliver(push)
    }

    private mutating func control(_ kind: UInt8) {
        switch kind {
        case 0, 1: machine.end(kind == 0 ? .connectionLost : .silent, now: time, &witness)
        case 2: machine.distrust(.undecodable, now: time, &witness)
        case 3:
            machine.abandon()
            witness.abandoned()
        case 4, 5, 6: _ = machine.beginRefresh()
        case 7, 8: compare(snapshot(kind - 7, of: truth, number))
        case 9: machine.concludeComparison()
        case 10: machine.cancelRefresh()
        case 11: _ = machine.takeComparison()
        case 12: time += 20_000_000
        default: witness.compare(machine.book, isLive: machine.state == .live)
        }
        witness.settle(isLive: machine.state == .live)
    }

    // MARK: The machine

    private mutating func deliver(_ push: Push) {
        last = push
        witness.prepare(push, isRefreshing: machine.refresh != nil)
        push.withFrame(time) { frame in machine.take(frame, &witness) }
        witness.settle(isLive: machine.state == .live)
        if push.kind != .delta { witness.compare(machine.book, isLive: machine.state == .live) }
    }

    private mutating func compare(_ push: Push) {
        push.withFrame(time) { frame in machine.compare(frame) }
    }
}

extension BookScript.Push {
    func withFrame(_ time: Int64, _ body: (borrowing BookFrame) -> Void) {
        bids.withUnsafeBufferPointer { bids in
            asks.withUnsafeBufferPointer { asks in
                body(
                    BookFrame(
                        kind: kind,
                        sequence: sequence,
                        exchangeMicroseconds: EventTime.none,
                        receivedMicroseconds: time,
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
