// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Foundation
import Models
import Testing

@testable import OrderBooks

/// Any script of faults over a generated market ends in the market's book, and nothing wrong was published meanwhile.
@Suite struct FaultScriptTests {
    static let seeds =
        0..<(ProcessInfo.processInfo.environment["MARKETBUS_SEEDS"].flatMap { UInt64($0) } ?? 8)

    enum Manner: CaseIterable { case ranges, chained, window, bare }

    @Test(arguments: Manner.allCases)
    func `a book recovers from every script`(manner: Manner) {
        for seed in Self.seeds {
            var script = FaultScript(seed, manner)
            script.run(frames: 300, faults: true)
            // Long enough for a book that a reset took by surprise.
            script.run(frames: 300, faults: false)
            #expect(script.bench.machine.state == .live, "seed \(seed)")
            #expect(script.bench.recorder.reader.violations == [], "seed \(seed)")
            #expect(script.differences == [], "seed \(seed)")
        }
    }
}

/// A market whose book is known, and what a bad connection makes of it.
struct FaultScript {
    let bench: Bench
    private let manner: FaultScriptTests.Manner
    private var noise: Noise
    private var truth = ReaderBook()
    private var middle: Int64 = 5_000
    private var number: Int64 = 1_000_000_000
    private var held: Push?
    private var time: Int64 = 1
    /// Snapshots of the last moments, the newest last.
    private var moments: [Push] = []
    /// After how many frames the snapshot that was asked for comes.
    private var answerIn: Int?
    private var seen = 0
    private static let depth = 30

    init(_ seed: UInt64, _ manner: FaultScriptTests.Manner) {
        noise = Noise(seed &* 4 &+ 1)
        self.manner = manner
        switch manner {
        case .ranges: bench = Bench(TestRules.ranges())
        case .chained: bench = Bench(TestRules.chained)
        case .window: bench = Bench(TestRules.window(Self.depth))
        case .bare: bench = Bench(TestRules.bare)
        }
        for tick in 1...60 {
            truth.set(
                [PriceLevel(price: ScaledDecimal(middle - Int64(tick)), size: ScaledDecimal(5))],
                [PriceLevel(price: ScaledDecimal(middle + Int64(tick)), size: ScaledDecimal(5))]
            )
        }
        remember()
        if bench.machine.rules.source == .stream { answerIn = 0 }
    }

    /// What readers of the records hold that the market does not, or the other way round.
    var differences: [String] {
        BookHalf.allCases.flatMap { half -> [String] in
            let all = truth.sorted(half)
            let expected = manner == .window ? Array(all.prefix(Self.depth)) : all
            let own = bench.machine.book.levels(half)
            var problems: [String] =
                own == expected ? [] : ["\(half): book \(own.count), market \(expected.count)"]
            let reader = bench.recorder.reader.sorted(half).prefix(Self.depth)
            if manner == .window, Array(reader) != expected { problems.append("\(half): reader") }
            if manner != .window, bench.recorder.reader.sorted(half) != expected {
                problems.append("\(half): reader")
            }
            return problems
        }
    }

    mutating func run(frames: Int, faults: Bool) {
        for _ in 0..<frames {
            let push = move()
            remember()
            let isHit = faults && noise.next() % 12 == 0
            deliver(isHit ? damage(push) : [push])
            answer()
        }
    }

    // MARK: The market

    private mutating func move() -> Push {
        let step = Int64(noise.next() % 3) - 1
        middle += step
        time += 1_000
        var bids: [PriceLevel] = []
        var asks: [PriceLevel] = []
        // The spread closes behind the middle and opens before it.
        for price in truth.bids.keys where price >= ScaledDecimal(middle) {
            bids.append(PriceLevel(price: price, size: .zero))
        }
        for price in truth.asks.keys where price <= ScaledDecimal(middle) {
            asks.append(PriceLevel(price: price, size: .zero))
        }
        for _ in 0..<Int(noise.next() % 4 + 1) {
            let distance = Int64(noise.next() % 45 + 1)
            let size = ScaledDecimal(noise.next() % 3 == 0 ? 0 : Int64(noise.next() % 90 + 1))
            if noise.next() % 2 == 0 {
                bids.append(PriceLevel(price: ScaledDecimal(middle - distance), size: size))
            } else {
                asks.append(PriceLevel(price: ScaledDecimal(middle + distance), size: size))
            }
        }
        let before = truth
        truth.set(bids, asks)
        if manner == .window { (bids, asks) = windowed(before, bids, asks) }
        let previous = number
        number += Int64(noise.next() % 3 + 1)
        let hasNumbers = manner != .bare
        return Push(
            sequence: hasNumbers
                ? BookSequence(first: previous + 1, last: number, previous: previous) : .none,
            received: time,
            bids: bids,
            asks: asks
        )
    }

    /// A venue that tells only its best levels: what comes into its window is told, what leaves it is not.
    private func windowed(
        _ before: ReaderBook,
        _ bids: [PriceLevel],
        _ asks: [PriceLevel]
    ) -> ([PriceLevel], [PriceLevel]) {
        func side(_ half: BookHalf, _ changes: [PriceLevel]) -> [PriceLevel] {
            let old = before.sorted(half).prefix(Self.depth)
            let new = truth.sorted(half).prefix(Self.depth)
            let was = Dictionary(uniqueKeysWithValues: old.map { ($0.price, $0.size) })
            let gone = old.filter { level in
                half == .bids ? truth.bids[level.price] == nil : truth.asks[level.price] == nil
            }
            return gone.map { PriceLevel(price: $0.price, size: .zero) }
                + new.filter { was[$0.price] != $0.size }
        }
        return (side(.bids, bids), side(.asks, asks))
    }

    private mutating func remember() {
        moments.append(
            Push(
                kind: .snapshot,
                sequence: manner == .bare ? .none : BookSequence(last: number),
                received: time,
                bids: manner == .window ? Array(truth.sorted(.bids).prefix(Self.depth)) : truth.sorted(.bids),
                asks: manner == .window ? Array(truth.sorted(.asks).prefix(Self.depth)) : truth.sorted(.asks)
            )
        )
        if moments.count > 12 { moments.removeFirst() }
    }

    // MARK: The connection

    private mutating func deliver(_ pushes: [Push]) {
        for push in pushes { bench.take(push) }
        if let late = held, !pushes.isEmpty {
            held = nil
            bench.take(late)
        }
    }

    private mutating func damage(_ push: Push) -> [Push] {
        var bad = push
        // What no number shows can only be found by a crossed book or a sum: such a venue keeps its order.
        let kind = manner == .bare ? noise.next() % 4 + 4 : noise.next() % 8
        switch kind {
        case 0: return []
        case 1: return [push, push]
        case 2:
            held = push
            return []
        case 3:
            number -= 10_000_000
            return [push]
        case 4:
            bad.bids.append(PriceLevel(price: ScaledDecimal(middle + 100), size: ScaledDecimal(1)))
            return [bad]
        case 5:
            bad.asks.append(PriceLevel(price: ScaledDecimal(middle + 1), size: ScaledDecimal(-1)))
            return [bad]
        case 6:
            bad.bids.append(PriceLevel(price: ScaledDecimal(1), size: .zero))
            return [bad]
        default:
            bench.machine.distrust(.undecodable, now: time, &bench.recorder)
            return []
        }
    }

    /// The venue answers what the machine asked for: after some frames, with a book that may be old by then.
    private mutating func answer() {
        let steps = bench.recorder.steps
        for step in steps[seen...] {
            if case .need(let why) = step, why != .horizon, answerIn == nil {
                answerIn = Int(noise.next() % 6)
            }
        }
        seen = steps.count
        guard let left = answerIn else { return }
        guard left == 0 else {
            answerIn = left - 1
            return
        }
        answerIn = nil
        let isOld = bench.machine.rules.source != .stream && noise.next() % 3 == 0
        guard let moment = isOld ? moments.randomElement(using: &noise) : moments.last else { return }
        bench.take(moment)
    }
}
