// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Lifecycle
import Models

/// Where an event stands in its stream, by the venue's own account: a trade's id, a quote's sequence, else its time; a
/// candle's begin and volume.
struct EventOrder: Comparable {
    var major: Int64
    var minor = ScaledDecimal(0)
    /// Whether no other event of the stream stands there.
    var isUnique = false

    static func < (left: EventOrder, right: EventOrder) -> Bool {
        left.major != right.major ? left.major < right.major : left.minor < right.minor
    }

    static func == (left: EventOrder, right: EventOrder) -> Bool {
        left.major == right.major && left.minor == right.minor
    }
}

/// The two connections of a hand-over.
enum HandOverSide {
    /// The one that goes.
    case old
    /// The one that comes.
    case new

    var other: HandOverSide { self == .old ? .new : .old }
}

/// One stream while two connections carry it: it has one owner at a time, and only the owner's events are published.
///
/// Both connections tell the same events in the same order, one of them later than the other, and the new one from
/// some event on. The stream moves to the new one at an event by which both were level:
///
/// - the new one tells what was published already: all that follows on it is complete, and what it repeats is dropped;
/// - or the old one has told everything that the new one has told so far.
///
/// So nothing is lost and nothing doubled whichever of the two is ahead. Events that may share their place with others
/// (a time in milliseconds) prove it only when one is strictly older, and as many as were published at that place are
/// dropped.
///
/// - Thread: that of the feed. Allocates: never.
struct StreamBridge {
    /// Whose events are published.
    private(set) var owner = HandOverSide.old
    /// What was published last, by whomever; nil while nothing is known of it.
    private(set) var last: EventOrder?
    /// How many events were published at that place.
    private var lastCount = Int.max
    /// The newest event that the connection told that is not the owner.
    private(set) var said: EventOrder?
    private var saidCount = 0
    /// Whether the owner still tells what was published before it took over.
    private var isCatchingUp = false
    private var skipped = 0
    /// Whether the new one has told anything.
    private(set) var hasSpoken = false
    /// When the old one last told something.
    private(set) var heardOld = MonotonicNanos(.min)
    /// Since when the new one is known to carry the stream.
    var confirmed: MonotonicNanos?
    /// Whether it went on without a loss.
    var isCarried = true

    /// Makes a bridge of a stream of which this was published last.
    init(last: EventOrder?) {
        self.last = last
    }

    /// Whether an event is to be published.
    ///
    /// - Parameters:
    ///   - order: its place in the stream; nil where the venue tells none.
    ///   - side: who told it.
    ///   - now: the time.
    /// - Returns: false for an event that was published already, or will be told by the owner.
    mutating func admits(_ order: EventOrder?, from side: HandOverSide, _ now: MonotonicNanos) -> Bool {
        heard(from: side, now)
        guard let order else { return side == owner }
        return side == owner ? own(order) : foreign(order, side)
    }

    private mutating func heard(from side: HandOverSide, _ now: MonotonicNanos) {
        if side == .old { heardOld = now } else { hasSpoken = true }
    }

    private mutating func own(_ order: EventOrder) -> Bool {
        if isCatchingUp, let last, order <= last {
            if order < last { return false }
            skipped += 1
            if order.isUnique || skipped <= lastCount { return false }
        }
        isCatchingUp = false
        publish(order)
        if owner == .old, let said, said.isUnique ? said <= order : said < order { move(to: .new) }
        return true
    }

    private mutating func publish(_ order: EventOrder) {
        if let last, order <= last {
            if order == last, lastCount < .max { lastCount += 1 }
            return
        }
        last = order
        lastCount = 1
    }

    private mutating func foreign(_ order: EventOrder, _ side: HandOverSide) -> Bool {
        guard side == .new else {
            say(order)
            return false
        }
        guard let last else {
            // Nothing was ever published: whoever speaks first begins.
            move(to: .new)
            publish(order)
            return true
        }
        say(order)
        if order < last || (order == last && order.isUnique) { move(to: .new) }
        return false
    }

    private mutating func say(_ order: EventOrder) {
        if let said, order <= said {
            if order == said { saidCount += 1 }
            return
        }
        said = order
        saidCount = 1
    }

    /// The stream's events are those of this connection from now on, after what was published.
    mutating func move(to side: HandOverSide) {
        guard owner != side else { return }
        var told = 0
        if let said, let last, said == last { told = saidCount }
        skipped = told
        owner = side
        said = nil
        saidCount = 0
        isCatchingUp = last != nil
    }

    /// The new connection begins anew.
    mutating func restart() {
        guard owner == .old else { return }
        said = nil
        saidCount = 0
        hasSpoken = false
        confirmed = nil
    }

    /// The stream's epoch ended: what comes next begins anew, whoever tells it.
    mutating func forget() {
        last = nil
        said = nil
        isCarried = false
        isCatchingUp = false
    }

    /// Whether the connection that is not the owner has told nothing that was not published.
    var isLevel: Bool {
        guard let said else { return true }
        guard let last else { return false }
        return said < last || (said == last && saidCount <= lastCount)
    }

    /// Moves the stream to the new connection where that loses nothing; says whether it is there.
    ///
    /// Where no event has moved it, it can after the time of overlap (in milliseconds) since the new connection is known
    /// to carry it: when both are level then, or were quiet but for what may still have been on its way.
    mutating func takeOver(_ now: MonotonicNanos, overlap: Int64) -> Bool {
        if owner == .new { return true }
        let since = confirmed ?? now
        confirmed = since
        let isQuiet = heardOld <= since.advanced(milliseconds: overlap / 2)
        guard now >= since.advanced(milliseconds: overlap), isLevel, hasSpoken || isQuiet else {
            return false
        }
        move(to: .new)
        return true
    }
}

// MARK: Books

/// How a push stands to the book that is published.
enum BookStanding {
    /// There is none.
    case free
    /// The whole book, without a number.
    case snapshot
    /// It leads to what the book is at, or shows it.
    case level
    /// It is the next one.
    case next
    /// It is of before.
    case older
    /// Something between is missing.
    case newer
    /// It has no number.
    case unknown
}

/// A push of a book.
struct BookPush {
    /// What the book is at after it.
    var number: Int64
    var isDelta: Bool
    var standing: BookStanding
}

extension StreamBridge {
    /// Whether a push of a book is to be applied.
    mutating func admits(_ push: BookPush, from side: HandOverSide, _ now: MonotonicNanos) -> Bool {
        heard(from: side, now)
        if side == owner { return own(push, side) }
        guard side == .new else {
            tell(push)
            return false
        }
        switch push.standing {
        case .snapshot, .next:
            move(to: .new)
            return true
        case .level:
            move(to: .new)
        case .older, .newer, .free, .unknown:
            tell(push)
        }
        return false
    }

    private mutating func own(_ push: BookPush, _ side: HandOverSide) -> Bool {
        // What this connection tells late, and the other told in time.
        if push.isDelta, push.standing == .older || push.standing == .level { return false }
        if side == .old, push.standing == .next, said?.major == push.number { move(to: .new) }
        return true
    }

    /// Numbers may begin anew: the last one counts, not the highest.
    private mutating func tell(_ push: BookPush) {
        said = EventOrder(major: push.number, isUnique: true)
        saidCount = 1
    }
}
