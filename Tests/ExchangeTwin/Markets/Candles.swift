// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A span of time with its borders: so many milliseconds from a phase on, or calendar months.
struct CandleInterval: Hashable {
    /// Milliseconds; for months an average that only orders them.
    let span: Int
    let months: Int
    /// Milliseconds by which the borders lie later than those counted from 1970-01-01 UTC.
    let phase: Int

    /// `hours` is the zone of the borders: 8 puts a day's begin at 16:00 UTC.
    init(milliseconds: Int, hours: Int = 0) {
        span = milliseconds
        months = 0
        let week = milliseconds == 604_800_000 ? 4 * 86_400_000 : 0
        phase = week - hours * 3_600_000
    }

    init(months: Int, hours: Int = 0) {
        self.months = max(1, months)
        span = self.months * 2_592_000_000
        phase = -hours * 3_600_000
    }

    /// From a count and a unit: s, m, h, d, w or M.
    init?(count: Int, unit: Character, hours: Int = 0) {
        guard count > 0, count < 1000 else { return nil }
        let spans: [Character: Int] = [
            "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000,
        ]
        if unit == "M" {
            self.init(months: count, hours: hours)
        } else if let one = spans[unit] {
            self.init(milliseconds: count * one, hours: hours)
        } else {
            return nil
        }
    }

    /// The begin of the candle that holds a time.
    func open(of milliseconds: Int) -> Int {
        let shifted = milliseconds - phase
        guard months > 0 else { return milliseconds - modulo(shifted, span) }
        let month = Calendar.month(ofDay: quotient(shifted, 86_400_000))
        return Calendar.day(ofMonth: month - modulo(month, months)) * 86_400_000 + phase
    }

    /// The end of the candle that begins at `open`: the begin of the next.
    func end(of open: Int) -> Int {
        guard months > 0 else { return open + span }
        let month = Calendar.month(ofDay: quotient(open - phase, 86_400_000))
        return Calendar.day(ofMonth: month + months) * 86_400_000 + phase
    }
}

/// Division that rounds down, and its rest.
func quotient(_ value: Int, _ by: Int) -> Int { (value - modulo(value, by)) / by }
func modulo(_ value: Int, _ by: Int) -> Int { ((value % by) + by) % by }

/// Days since 1970 and months since year 0, proleptic Gregorian.
enum Calendar {
    static func day(ofMonth month: Int) -> Int {
        // Years begin in March here, so that the leap day comes last.
        let year = quotient(month - 2, 12)
        let rest = modulo(month - 2, 12)
        return year * 365 + quotient(year, 4) - quotient(year, 100) + quotient(year, 400)
            + (153 * rest + 2) / 5 - 719_468
    }

    static func month(ofDay day: Int) -> Int {
        var month = quotient(day, 30) + 1970 * 12
        while Calendar.day(ofMonth: month) > day { month -= 1 }
        while Calendar.day(ofMonth: month + 1) <= day { month += 1 }
        return month
    }
}

/// Volumes in the three units that venues use.
struct Volume {
    var lots = 0
    /// Ticks × lots.
    var quote: Int128 = 0
    /// Hundred-millionths of a coin; only where lots are contracts of quote value.
    var coins: Int128 = 0

    static func += (left: inout Volume, right: Volume) {
        left.lots += right.lots
        left.quote += right.quote
        left.coins += right.coins
    }
}

/// One candle, in ticks and lots.
struct Candle {
    /// Milliseconds.
    var open: Int
    var first: Int
    var high: Int
    var low: Int
    var last: Int
    var volume = Volume()
    /// The part of the volume that takers bought.
    var bought = Volume()
    var trades = 0
    /// Trade ids, -1 without a trade.
    var firstID = -1
    var lastID = -1

    /// Flat at a price.
    init(open: Int, at ticks: Int) {
        self.open = open
        (first, high, low, last) = (ticks, ticks, ticks, ticks)
    }

    mutating func add(_ fill: Fill) {
        if trades == 0 { (first, high, low) = (fill.ticks, fill.ticks, fill.ticks) }
        high = max(high, fill.ticks)
        low = min(low, fill.ticks)
        last = fill.ticks
        volume += fill.volume
        if fill.buy { bought += fill.volume }
        trades += fill.parts
        if firstID < 0 { firstID = fill.firstID }
        lastID = fill.id
    }

    /// Takes in a later candle of a shorter span.
    mutating func fold(_ later: Candle) {
        guard later.trades > 0 else {
            last = later.last
            return
        }
        if trades == 0 { (first, high, low) = (later.first, later.high, later.low) }
        high = max(high, later.high)
        low = min(low, later.low)
        last = later.last
        volume += later.volume
        bought += later.bought
        trades += later.trades
        if firstID < 0 { firstID = later.firstID }
        lastID = max(lastID, later.lastID)
    }
}

/// The candles of one interval as a stream tells them: the open one, and those closed but not yet told.
final class CandleSeries {
    let interval: CandleInterval
    private(set) var current: Candle
    private(set) var end: Int
    private(set) var hasNews = true
    private var closed: [Candle] = []

    init(interval: CandleInterval, current: Candle) {
        self.interval = interval
        self.current = current
        end = interval.end(of: current.open)
    }

    /// Closes what has ended; a span without a trade is flat at the last price.
    func roll(to milliseconds: Int) {
        while milliseconds >= end {
            closed.append(current)
            current = Candle(open: end, at: current.last)
            end = interval.end(of: end)
            hasNews = false
            if closed.count > 4096 { closed.removeFirst(2048) }
        }
    }

    func add(_ fill: Fill) {
        roll(to: fill.milliseconds)
        current.add(fill)
        hasNews = true
    }

    func takeClosed() -> [Candle] {
        defer { closed.removeAll() }
        return closed
    }

    func told() { hasNews = false }
}
