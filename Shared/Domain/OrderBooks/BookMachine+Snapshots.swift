// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models

// MARK: Snapshots, and the increments that waited for them

extension BookMachine {
    /// An increment while there is no live book.
    mutating func wait(_ frame: borrowing BookFrame, _ output: inout some BookOutput) {
        // Where the stream itself brings the snapshot, what comes before it means nothing.
        guard rules.source != .stream else { return }
        guard state == .joining else {
            keep(frame)
            if buffer.count == 1 { output.needSnapshot(.begin) }
            return
        }
        switch rules.join(sequence, frame.sequence) {
        case .stale:
            repeats += 1
            guard repeats >= Self.repeatLimit else { return }
            // The venue counts anew, and the snapshot is from before.
            forget()
            buffer.append(frame)
            output.needSnapshot(.useless)
        case .next:
            guard let held else { return }
            state = .live
            self.held = nil
            publishSnapshot(held, &output)
            advance(frame, &output)
        case .gap:
            forget()
            buffer.append(frame)
            output.needSnapshot(.useless)
        }
    }

    /// Keeps an increment until the snapshot is there.
    private mutating func keep(_ frame: borrowing BookFrame) {
        // After a lower number what waits is of another count: no snapshot will ever fit it.
        if let last = buffer.lastNumber, frame.sequence.last < last { buffer.removeAll() }
        buffer.append(frame)
    }

    /// A snapshot: the book begins with it.
    mutating func load(_ frame: borrowing BookFrame, _ output: inout some BookOutput) {
        if state == .live, rules.source != .stream { return answer(frame, &output) }
        if let fault = set(frame) ? fault(of: frame) : .undecodable {
            if state == .live { return fail(fault, frame, &output) }
            forget()
            return output.needSnapshot(.useless)
        }
        begin(frame.receivedMicroseconds)
        let stamp = stamp(frame)
        if rules.source == .stream || buffer.count == 0 {
            state = .live
            publishSnapshot(stamp, &output)
        } else {
            join(stamp, &output)
        }
    }

    /// Takes a snapshot's levels over; false where one can't be.
    mutating func set(_ frame: borrowing BookFrame) -> Bool {
        guard !frame.isAbsurd else { return false }
        depth = frame.depth ?? rules.depth
        book.load(bids: frame.bids, asks: frame.asks)
        if rules.scope == .window, let depth { book.cut(to: depth) }
        sequence = frame.sequence.last
        horizon = BookHorizon()
        if rules.scope == .snapshot, let depth { horizon = BookHorizon(book, depth: depth) }
        return true
    }

    /// Joins the increments that waited to the snapshot that has just been set.
    private mutating func join(_ stamp: BookStamp, _ output: inout some BookOutput) {
        var first = buffer.count
        for index in 0..<buffer.count {
            let link = rules.join(sequence, buffer.sequence(index))
            if link == .stale { continue }
            guard link == .next else {
                // The snapshot is older than what waits: another one is needed, and what waits stays.
                forget()
                return output.needSnapshot(.useless)
            }
            first = index
            break
        }
        guard first < buffer.count else {
            buffer.removeAll()
            held = stamp
            state = .joining
            return
        }
        state = .live
        publishSnapshot(stamp, &output)
        replay(from: first, &output)
    }

    /// Applies what waited, from a place on.
    private mutating func replay(from first: Int, _ output: inout some BookOutput) {
        let waiting = buffer.taken()
        var rest = first
        // What remains after a fault waits for the next snapshot.
        waiting.forEach { index, frame in
            guard index >= rest else { return true }
            rest = index &+ 1
            if state == .live { advance(frame, &output) } else { wait(frame, &output) }
            return true
        }
    }

    /// The whole book once more.
    mutating func replace(_ frame: borrowing BookFrame, _ output: inout some BookOutput) {
        guard state == .live else { return load(frame, &output) }
        switch rules.follow(sequence, frame.sequence) {
        case .stale:
            return
        case .gap:
            // A lower number in a later push: the venue counts anew, and this is its book.
            load(frame, &output)
        case .next:
            if let fault = set(frame) ? fault(of: frame) : .undecodable { return fail(fault, frame, &output) }
            publishSnapshot(stamp(frame), &output)
        }
    }
}
