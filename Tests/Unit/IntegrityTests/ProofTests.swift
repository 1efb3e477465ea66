// Part of MarketBus. Apache License 2.0, see LICENSE.

import Testing
import VenueTestKit

@testable import Integrity

private let stream = ProofStream(feed: "a-feed", topic: "md.trade.v1", venue: "a", symbol: "BTC-USDT")

@Suite struct SeqRangesTests {
    @Test func `ranges join, split and tell what is missing`() {
        var set = SeqRanges([1...3, 7...9])
        set.insert(4...6)
        #expect(set.ranges == [1...9])
        #expect(set.remove(5) && !set.remove(5))
        #expect(set.ranges == [1...4, 6...9])
        #expect(set.missing(from: 0...12) == [0...0, 5...5, 10...12])
        set.insert(0...20)
        #expect(set.ranges == [0...20] && set.count == 21)
        #expect(set.missing(from: 3...20).isEmpty)
    }

    @Test(arguments: 0..<200)
    func `it holds what a plain set holds`(_ seed: UInt64) {
        var random = SplitMix(seed: seed)
        var ranges = SeqRanges()
        var plain: Set<UInt64> = []
        for _ in 0..<60 {
            let lower = UInt64.random(in: 0...80, using: &random)
            if Bool.random(using: &random) {
                let range = lower...(lower + UInt64.random(in: 0...9, using: &random))
                ranges.insert(range)
                plain.formUnion(range)
            } else {
                #expect(ranges.remove(lower) == (plain.remove(lower) != nil))
            }
        }
        #expect(ranges.count == UInt64(plain.count))
        #expect((UInt64(0)...100).allSatisfy { ranges.contains($0) == plain.contains($0) })
        let gaps = Set(ranges.missing(from: 0...100).flatMap { Array($0) })
        #expect(gaps == Set(UInt64(0)...100).subtracting(plain))
        #expect(
            zip(ranges.ranges, ranges.ranges.dropFirst()).allSatisfy { $1.lowerBound - $0.upperBound > 1 }
        )
    }
}

@Suite struct ProofTests {
    private func finding(_ ledger: ProofLedger) throws -> StreamFinding {
        try #require(ledger.findings().first)
    }

    @Test func `contiguous numbers that the feed accounts for are complete`() throws {
        var ledger = ProofLedger(fromFirst: true)
        for seq in 1...50 { ledger.note(stream, epoch: 7, seq: UInt64(seq), published: 100 + Int64(seq)) }
        ledger.announce(stream, epoch: 7, given: 1...50)
        #expect(try finding(ledger).isComplete)
        #expect(try finding(ledger).records == 50)
    }

    @Test func `what is lost behind the last record is found by the feed's account`() throws {
        var ledger = ProofLedger(fromFirst: true)
        for seq in 1...50 { ledger.note(stream, epoch: 7, seq: UInt64(seq), published: 0) }
        ledger.announce(stream, epoch: 7, given: 1...60)
        #expect(try finding(ledger).holes.map(\.hole) == [.init(range: 51...60, reason: nil)])
        ledger.announce(stream, epoch: 7, hole: 51...60, reason: "conflated")
        #expect(try finding(ledger).isExplained)
    }

    @Test func `an epoch of which nothing arrived is a hole`() throws {
        var ledger = ProofLedger(fromFirst: true)
        ledger.announce(stream, epoch: 7, given: 1...3)
        #expect(try finding(ledger).holes.map(\.hole.range) == [1...3])
    }

    @Test func `a reading that begins in the middle does not ask for first numbers`() throws {
        var ledger = ProofLedger(fromFirst: false)
        for seq in 40...50 { ledger.note(stream, epoch: 7, seq: UInt64(seq), published: 5) }
        ledger.announce(stream, epoch: 7, given: 1...50)
        #expect(try finding(ledger).isComplete)
        ledger.note(stream, epoch: 8, seq: 3, published: 6)
        #expect(try finding(ledger).holes.map(\.hole.range) == [1...2])
    }

    @Test func `a pause between incarnations has the feed's cause, or says that the feed died`() throws {
        var ledger = ProofLedger(fromFirst: true)
        ledger.note(stream, epoch: 7, seq: 1, published: 2_000_000)
        ledger.note(stream, epoch: 5_000_000, seq: 1, published: 5_000_001)
        #expect(try #require(try finding(ledger).pauses.first?.cause).contains("without accounting"))
        ledger.announce(stream, epoch: 7, given: 1...1)
        #expect(try finding(ledger).pauses == [.init(from: 2_000_000, to: 5_000_000, cause: nil)])
        ledger.announce(ProofIncident(at: 2_100_000, symbol: nil, text: "connection_lost: cut"), of: "a-feed")
        #expect(try finding(ledger).pauses.first?.cause == "connection_lost: cut")
    }

    private func taken(_ ledger: ProofLedger) throws -> StreamFinding {
        try #require(ledger.findings().first { $0.stream.feed == "b-feed" })
    }

    @Test func `a stream that another feed took over without a gap is complete`() throws {
        var ledger = ProofLedger(fromFirst: true)
        var other = stream
        other.feed = "b-feed"
        for seq in 1...5 { ledger.note(stream, epoch: 7, seq: UInt64(seq), published: 10 * Int64(seq)) }
        ledger.note(other, epoch: 45, seq: 1, published: 46)
        #expect(try taken(ledger).uncovered.isEmpty)
        #expect(ledger.findings().allSatisfy { $0.isComplete })
    }

    @Test func `the time without a feed is told: in order, said by who took over, or not explained`() throws {
        var ledger = ProofLedger(fromFirst: true)
        var other = stream
        other.feed = "b-feed"
        for seq in 1...5 { ledger.note(stream, epoch: 7, seq: UInt64(seq), published: 10 * Int64(seq)) }
        ledger.note(other, epoch: 90, seq: 1, published: 91)
        var gap = StreamFinding.Uncovered(feed: "a-feed", from: 50, to: 90, isInOrder: false, cause: nil)
        #expect(try taken(ledger).uncovered == [gap])
        #expect(try taken(ledger).isExplained == false)

        var inOrder = ledger
        inOrder.announce(stream, epoch: 7, accounted: 5)
        #expect(try taken(inOrder).isComplete)
        #expect(try taken(inOrder).uncovered.map(\.isInOrder) == [true])

        let told = ProofIncident(at: 95, symbol: stream.symbol, text: "taken_over: so", from: "a-feed")
        inOrder.announce(other, takenOver: told)
        gap.cause = "taken_over: so"
        #expect(try taken(inOrder).uncovered == [gap], "who takes over knows better than an early account")
        ledger.announce(other, takenOver: ProofIncident(at: 95, symbol: nil, text: "no", from: "c-feed"))
        #expect(try taken(ledger).isExplained == false, "that was another feed")
        ledger.announce(other, takenOver: told)
        #expect(try taken(ledger).isExplained)
        #expect(try taken(ledger).isComplete == false)
    }

    @Test func `a feed that comes back by itself has a pause, and what others cover is covered`() throws {
        var ledger = ProofLedger(fromFirst: true)
        var other = stream
        other.feed = "b-feed"
        ledger.note(stream, epoch: 7, seq: 1, published: 10)
        ledger.note(other, epoch: 9, seq: 1, published: 9)
        ledger.note(other, epoch: 9, seq: 2, published: 100)
        ledger.note(stream, epoch: 95, seq: 1, published: 96)
        ledger.note(stream, epoch: 120, seq: 1, published: 121)
        #expect(ledger.findings().flatMap(\.uncovered).map(\.feed) == ["b-feed"])
        #expect(ledger.findings().flatMap(\.uncovered).map(\.from) == [100])
    }

    /// Random streams with drops, announced or not, doubles and swaps: exactly these are found.
    @Test(arguments: 0..<1000)
    func `exactly the injected holes are found`(_ seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var ledger = ProofLedger(fromFirst: true)
        var lost: [Int64: [UInt64: String?]] = [:]
        var (doubled, swapped) = (UInt64(0), UInt64(0))
        for epoch in Int64(1)...Int64.random(in: 1...3, using: &random) {
            let count = UInt64.random(in: 1...400, using: &random)
            var sent: [UInt64] = []
            for seq in 1...count {
                switch Int.random(in: 0..<40, using: &random) {
                case 0: lost[epoch, default: [:]].updateValue(nil, forKey: seq)
                case 1: lost[epoch, default: [:]].updateValue("conflated", forKey: seq)
                default: sent.append(seq)
                }
            }
            var place = 0
            while place + 1 < sent.count {
                if Int.random(in: 0..<60, using: &random) == 0 {
                    sent.swapAt(place, place + 1)
                    swapped += 1
                    place += 1
                } else if Int.random(in: 0..<60, using: &random) == 0 {
                    sent.insert(sent[place], at: place + 1)
                    doubled += 1
                    place += 1
                }
                place += 1
            }
            for seq in sent { ledger.note(stream, epoch: epoch, seq: seq, published: epoch * 1_000_000) }
            ledger.announce(stream, epoch: epoch, given: 1...count)
            for (seq, reason) in lost[epoch] ?? [:] {
                if let reason { ledger.announce(stream, epoch: epoch, hole: seq...seq, reason: reason) }
            }
        }
        let finding = try finding(ledger)
        var found: [Int64: [UInt64: String?]] = [:]
        for hole in finding.holes {
            for seq in hole.hole.range {
                found[hole.epoch, default: [:]].updateValue(hole.hole.reason, forKey: seq)
            }
        }
        #expect(found == lost)
        #expect(finding.duplicates == doubled && finding.disordered == swapped)
    }

    @Test func `what came late and what never came is told beside the numbers`() throws {
        var ledger = ProofLedger(fromFirst: true)
        for seq in UInt64(1)...5 { ledger.note(stream, epoch: 1, seq: seq, published: 1_000_000) }
        ledger.announce(stream, epoch: 1, given: 1...5)
        #expect(try finding(ledger).isComplete)
        ledger.announce(stream, repaired: 2)
        let repaired = try finding(ledger)
        #expect(repaired.isComplete && repaired.repaired == 2)
        let told = ProofIncident(at: 7, symbol: stream.symbol, text: "trades_missing: 3 trades")
        ledger.announce(stream, missed: told)
        let missed = try finding(ledger)
        #expect(missed.isExplained && !missed.isComplete)
        #expect(missed.missed == [told])
    }
}
