// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Testing

@testable import VenueKit

@Suite struct `A stream on two connections` {
    /// One told event: which, and its place in the stream.
    private struct Told {
        var number: Int
        var order: EventOrder?
    }

    /// A venue's stream, told by two connections that lag by up to some steps each.
    private struct Play {
        var events: [Told]
        var generator: SeededGenerator
        var bridge: StreamBridge
        var now = MonotonicNanos(0)
        var published: [Int] = []

        init(seed: UInt64, isUnique: Bool, isTimed: Bool = true) {
            var noise = SeededGenerator(seed: seed)
            var place: Int64 = 0
            events = (0..<120).map { number in
                // Of what is not unique some share a place.
                place += isUnique ? 1 : Int64.random(in: 0...2, using: &noise)
                let order = EventOrder(major: place, isUnique: isUnique)
                return Told(number: number, order: isTimed ? order : nil)
            }
            generator = noise
            bridge = StreamBridge(last: nil)
        }

        mutating func tell(_ event: Told, _ side: HandOverSide) {
            if bridge.admits(event.order, from: side, now) { published.append(event.number) }
        }

        /// Plays until the new connection has the stream, then on with it alone; nil if it never had.
        mutating func run() -> [Int]? {
            let first = Int.random(in: 10...40, using: &generator)
            let oldLag = Int.random(in: 0...3, using: &generator)
            let newLag = Int.random(in: 0...3, using: &generator)
            var (old, new) = (0, first)
            var isOldOpen = true
            for step in 0..<(events.count + 4) {
                now = now.advanced(milliseconds: 10)
                let isOldFirst = Bool.random(using: &generator)
                for side in isOldFirst ? [HandOverSide.old, .new] : [.new, .old] {
                    if side == .old {
                        while isOldOpen, old <= step - oldLag, old < events.count {
                            tell(events[old], .old)
                            old += 1
                        }
                    } else {
                        while new <= step - newLag, new < events.count {
                            tell(events[new], .new)
                            new += 1
                        }
                    }
                }
                if isOldOpen, step > first, bridge.takeOver(now, overlap: 200) { isOldOpen = false }
            }
            return isOldOpen ? nil : published
        }
    }

    @Test(arguments: [true, false])
    func `tells everything once and in order, whichever connection is ahead`(isUnique: Bool) {
        for seed in 0..<2000 {
            var play = Play(seed: UInt64(seed), isUnique: isUnique)
            let published = play.run()
            guard published == Array(0..<120) else {
                Issue.record("seed \(seed): \(String(describing: published))")
                return
            }
        }
    }

    @Test func `moves by time alone where nothing can be compared`() {
        var play = Play(seed: 1, isUnique: true, isTimed: false)
        let published = play.run()
        #expect(published.map { Set($0).count > 110 } == true)
    }

    @Test func `takes a quiet stream over after the overlap`() {
        let stream = Stream(last: 5)
        #expect(!stream.takesOver(at: 0))
        #expect(!stream.takesOver(at: 999))
        #expect(stream.takesOver(at: 1000))
        #expect(!stream.publishes(5, .new, at: 1000))
        #expect(stream.publishes(6, .new, at: 1000))
    }

    @Test func `is not taken over while only the old connection talks, or the new one alone`() {
        let deaf = Stream(last: nil)
        #expect(!deaf.takesOver(at: 0))
        #expect(deaf.publishes(1, .old, at: 2000))
        #expect(!deaf.takesOver(at: 3000))
        let frozen = Stream(last: 1)
        #expect(!frozen.takesOver(at: 0))
        #expect(!frozen.publishes(2, .new, at: 1))
        #expect(!frozen.takesOver(at: 3000))
        #expect(frozen.publishes(2, .old, at: 4000))
        #expect(frozen.bridge.owner == .new)
    }

    @Test func `lets whoever speaks first begin where nothing was ever told`() {
        let stream = Stream(last: nil)
        #expect(stream.publishes(9, .new, at: 0))
        #expect(!stream.publishes(9, .old, at: 0))
    }

    /// A bridge of numbered events, with times in milliseconds.
    private final class Stream {
        private(set) var bridge: StreamBridge

        init(last: Int64?) { bridge = StreamBridge(last: last.map { EventOrder(major: $0, isUnique: true) }) }

        func publishes(_ number: Int64, _ side: HandOverSide, at time: Int64) -> Bool {
            let order = EventOrder(major: number, isUnique: true)
            return bridge.admits(order, from: side, MonotonicNanos(time * 1_000_000))
        }

        func takesOver(at time: Int64) -> Bool {
            bridge.takeOver(MonotonicNanos(time * 1_000_000), overlap: 1000)
        }
    }
}
