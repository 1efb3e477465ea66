// Part of MarketBus. Apache License 2.0, see LICENSE.

/// One taker's match at one price.
struct Fill {
    /// The last of its `parts` trade ids.
    var id: Int
    var parts: Int
    var aggregateID: Int
    var buy: Bool
    var ticks: Int
    var lots: Int
    var volume: Volume
    var milliseconds: Int
    var sequence: Int

    var firstID: Int { id - parts + 1 }

    /// Lots of the `index`-th match: the first one takes what does not divide.
    func lots(part index: Int) -> Int { lots / parts + (index == 0 ? lots % parts : 0) }
}

/// An order by which the venue closed somebody's position.
struct Liquidation {
    /// True when the order buys: a short position was liquidated.
    var buy: Bool
    /// The order's limit, which is the position's bankruptcy price, and what it traded at.
    var ticks: Int
    var fill: Fill
}

/// One generated market: its book, and all that follows from its trades.
final class Market {
    let instrument: Instrument
    let book: Book
    private(set) var tradeID: Int
    private(set) var aggregateID: Int
    /// The latest fills, oldest first; at most `Market.kept`.
    private(set) var fills: [Fill] = []
    /// Closed minutes since the market began, without a hole, and the open one.
    private(set) var minutes: [Candle] = []
    private(set) var minute: Candle
    let history: History
    /// Lots held open; only contracts have any.
    private(set) var openInterest: Int
    private var liquidation: Liquidation?
    private var liquidated = 0
    /// The time of the last look: nothing is later.
    var latest: Int
    /// Own deviation from the fair price, and the push of a crossed window; fractions.
    var noise = 0.0
    var shift = 0.0

    /// Everything that was ever subscribed of this market.
    var streams: [Stream] = []
    /// What they want, together.
    var topics: Topics = []
    /// An old state of the book for the stale snapshot fault.
    var stale: BookSnapshot?
    private var day: DayWindow?

    static let kept = 1000
    static let minuteSpan = CandleInterval(milliseconds: 60_000)

    /// `touch`: ticks of the price at which it begins.
    init(_ instrument: Instrument, at touch: Int, milliseconds: Int) {
        self.instrument = instrument
        book = Book(sequence: instrument.firstSequence)
        tradeID = instrument.firstTradeID
        latest = milliseconds
        aggregateID = tradeID / 2
        history = History(instrument, at: touch, milliseconds: milliseconds)
        minute = Candle(open: Market.minuteSpan.open(of: milliseconds), at: touch)
        openInterest = instrument.lots(
            dollars: 20_000_000,
            price: Double(touch) * instrument.tick.approximate
        )
    }

    var isActive: Bool { !streams.isEmpty }
    func wants(_ topic: Topics) -> Bool { topics.contains(topic) }
    var lastTicks: Int { fills.last?.ticks ?? minute.last }

    // MARK: - Trades

    /// Records that a taker took `lots` at a price.
    func add(buy: Bool, ticks: Int, lots: Int, parts: Int, milliseconds: Int) -> Fill {
        tradeID += parts
        aggregateID += 1
        let fill = Fill(
            id: tradeID,
            parts: parts,
            aggregateID: aggregateID,
            buy: buy,
            ticks: ticks,
            lots: lots,
            volume: instrument.volume(ticks: ticks, lots: lots),
            milliseconds: milliseconds,
            sequence: book.sequence
        )
        fills.append(fill)
        if fills.count >= Market.kept * 2 { fills.removeFirst(Market.kept) }
        latest = max(latest, milliseconds)
        roll(to: milliseconds)
        minute.add(fill)
        day?.add(fill)
        for stream in streams { stream.series?.add(fill) }
        openInterest = max(1, openInterest + (tradeID % 3 - 1) * lots / 2)
        return fill
    }

    private func roll(to milliseconds: Int) {
        while milliseconds >= minute.open + 60_000 {
            minutes.append(minute)
            minute = Candle(open: minute.open + 60_000, at: minute.last)
            if minutes.count > 20_000 { minutes.removeFirst(5_000) }
        }
    }

    /// Notes a liquidation; venues tell at most one a second.
    func note(_ made: Liquidation) {
        guard made.fill.milliseconds - liquidated >= 1000 else { return }
        liquidated = made.fill.milliseconds
        liquidation = made
    }

    func takeLiquidation() -> Liquidation? {
        defer { liquidation = nil }
        return liquidation
    }

    // MARK: - Candles

    /// The candle of any interval as it stands, its begin taken from history where needed.
    func candle(_ interval: CandleInterval, at milliseconds: Int) -> Candle {
        candles(interval, from: interval.open(of: milliseconds), to: milliseconds).last
            ?? Candle(open: interval.open(of: milliseconds), at: lastTicks)
    }

    /// All candles whose begin lies in `from` … `to`, oldest first, the open one last; none of the future.
    func candles(_ interval: CandleInterval, from: Int, to: Int) -> [Candle] {
        guard interval.span >= 60_000 else { return seconds(interval, from: from, to: to) }
        let to = min(to, max(latest, minute.open + 59_999))
        roll(to: max(to, minute.open))
        var made: [Candle] = []
        var end = Int.min
        var at = interval.open(of: max(from, history.begin))
        let live = minutes.first?.open ?? minute.open
        while at <= min(to, minute.open + 59_999) {
            let isHour = interval.span >= 3_600_000 && at % 3_600_000 == 0 && at + 3_600_000 <= live
            let part = isHour ? history.hour(at) : minute(at: at)
            if at >= end {
                let open = interval.open(of: at)
                end = interval.end(of: open)
                var candle = part
                candle.open = open
                made.append(candle)
            } else {
                made[made.count - 1].fold(part)
            }
            at += isHour ? 3_600_000 : 60_000
        }
        return made.filter { $0.open >= from }
    }

    private func minute(at open: Int) -> Candle {
        if open >= minute.open { return minute }
        let index = minutes.count - (minute.open - open) / 60_000
        return index >= 0 ? minutes[index] : history.minute(open)
    }

    /// Candles of seconds exist as far back as the kept trades reach.
    private func seconds(_ interval: CandleInterval, from: Int, to: Int) -> [Candle] {
        guard let oldest = fills.first else { return [] }
        let begin = interval.open(of: max(from, oldest.milliseconds + interval.span - 1))
        var series = CandleSeries(interval: interval, current: Candle(open: begin, at: oldest.ticks))
        var made: [Candle] = []
        for fill in fills where fill.milliseconds <= to {
            if fill.milliseconds < begin {
                series = CandleSeries(interval: interval, current: Candle(open: begin, at: fill.ticks))
            } else {
                series.add(fill)
                made += series.takeClosed()
            }
        }
        series.roll(to: to)
        return (made + series.takeClosed() + [series.current]).filter { $0.open >= from && $0.open <= to }
    }

    /// The last 24 hours as one candle, in steps of ten minutes.
    func lastDay(at milliseconds: Int) -> Candle {
        let window = day ?? DayWindow(self, at: milliseconds)
        day = window
        return window.candle(at: milliseconds)
    }
}

/// A rolling day of ten-minute candles.
final class DayWindow {
    private static let step = CandleInterval(milliseconds: 600_000)
    private var closed: [Candle]
    private let series: CandleSeries

    init(_ market: Market, at milliseconds: Int) {
        var all = market.candles(DayWindow.step, from: milliseconds - 86_400_000, to: milliseconds)
        series = CandleSeries(
            interval: DayWindow.step,
            current: all.popLast()
                ?? Candle(open: DayWindow.step.open(of: milliseconds), at: market.lastTicks)
        )
        closed = all
    }

    func add(_ fill: Fill) { series.add(fill) }

    func candle(at milliseconds: Int) -> Candle {
        series.roll(to: milliseconds)
        closed += series.takeClosed()
        closed.removeAll { $0.open <= milliseconds - 86_400_000 }
        guard var whole = closed.first else { return series.current }
        for part in closed.dropFirst() { whole.fold(part) }
        whole.fold(series.current)
        whole.open = milliseconds - 86_400_000
        return whole
    }
}
