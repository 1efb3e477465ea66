// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Observability
import Queues
import TestKit
import Testing

/// Counts how many are alive.
private final class Token: Sendable {
    let number: Int
    private let owner: Alive

    final class Alive: Sendable {
        let count = Lock(0)
    }

    init(_ number: Int, _ owner: Alive) {
        self.number = number
        self.owner = owner
        owner.count.withLock { $0 += 1 }
    }

    deinit {
        owner.count.withLock { $0 -= 1 }
    }
}

@Suite struct SPSCRingTests {
    @Test(arguments: [(0, 2), (1, 2), (2, 2), (3, 4), (1000, 1024), (Int.max, 1 << 24), (-5, 2)])
    func `the capacity is a power of two within bounds`(asked: Int, given: Int) {
        #expect(SPSCRing<Int>(minimumCapacity: asked).capacity == given)
    }

    @Test(arguments: [2, 4, 8])
    func `every pattern of pushes and pops behaves like an array`(capacity: Int) {
        for pattern in 0..<(1 << 14) {
            let ring = SPSCRing<Int>(minimumCapacity: capacity)
            var model: [Int] = []
            var dropped: UInt64 = 0
            for step in 0..<14 {
                if pattern >> step & 1 == 0 {
                    let isTaken = ring.push(step)
                    if model.count < capacity { model.append(step) } else { dropped += 1 }
                    if isTaken != (model.last == step) { Issue.record("push \(step) of pattern \(pattern)") }
                } else if ring.pop() != (model.isEmpty ? nil : model.removeFirst()) {
                    Issue.record("pop \(step) of pattern \(pattern)")
                }
            }
            if ring.count != model.count || ring.dropped != dropped {
                Issue.record("counts of pattern \(pattern)")
            }
        }
    }

    @Test func `elements are released when taken and when the ring goes`() {
        let alive = Token.Alive()
        do {
            let ring = SPSCRing<Token>(minimumCapacity: 4)
            for number in 0..<6 { _ = ring.push(Token(number, alive)) }
            #expect(alive.count.withLock { $0 } == 4)
            #expect(ring.pop()?.number == 0)
            #expect(alive.count.withLock { $0 } == 3)
            #expect(ring.dropped == 2)
        }
        #expect(alive.count.withLock { $0 } == 0)
    }

    @Test func `two threads lose and reorder nothing`() throws {
        let ring = SPSCRing<Int>(minimumCapacity: 1024)
        let total = 200_000
        let writer = try WorkerThread(name: "writer") {
            var next = 0
            while next < total { if ring.push(next) { next += 1 } }
        }
        var expected = 0
        var disorder = 0
        let isAll = waitUntil(withinMilliseconds: 60_000) {
            _ = ring.drain { number in
                if number != expected { disorder += 1 }
                expected += 1
            }
            return expected == total
        }
        writer.join()
        #expect(isAll)
        #expect(disorder == 0)
    }
}

@Suite struct MailboxTests {
    @Test func `a full mailbox loses as its policy says and counts`() {
        let newest = Mailbox<Int>(capacity: 3, policy: .refuseNewest)
        let oldest = Mailbox<Int>(capacity: 3, policy: .dropOldest)
        #expect((0..<5).map { newest.post($0) } == [true, true, true, false, false])
        #expect((0..<5).map { oldest.post($0) } == [true, true, true, false, false])
        #expect(newest.drain() == [0, 1, 2])
        #expect(oldest.drain() == [2, 3, 4])
        #expect(newest.dropped == 2)
        #expect(oldest.dropped == 2)
        #expect(newest.drain() == [])
    }

    @Test func `the reader is woken once per filling`() {
        let wakes = Lock(0)
        let mailbox = Mailbox<Int>(capacity: 8, policy: .refuseNewest, wake: { wakes.withLock { $0 += 1 } })
        mailbox.post(1)
        mailbox.post(2)
        #expect(wakes.withLock { $0 } == 1)
        _ = mailbox.drain()
        mailbox.post(3)
        #expect(wakes.withLock { $0 } == 2)
    }

    @Test func `several threads lose nothing unseen and keep their own order`() throws {
        let mailbox = Mailbox<Int>(capacity: 128, policy: .refuseNewest)
        let threads = try (0..<4).map { writer in
            try WorkerThread(name: "writer-\(writer)") {
                for number in 0..<5000 { mailbox.post(writer * 10_000 + number) }
            }
        }
        var last = [-1, -1, -1, -1]
        var taken = 0
        var disorder = 0
        let isAll = waitUntil(withinMilliseconds: 60_000) {
            for element in mailbox.drain() {
                if element % 10_000 <= last[element / 10_000] { disorder += 1 }
                last[element / 10_000] = element % 10_000
                taken += 1
            }
            return taken + Int(mailbox.dropped) == 20_000
        }
        for thread in threads { thread.join() }
        #expect(isAll)
        #expect(disorder == 0)
    }
}
