// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

/// What is published of a candle.
struct CandleNote {
    var candle: Candle
    var isClosed: Bool
    var revision: Int32
}

/// Which candles of a symbol are open and which are closed: a closed candle never changes without a revision.
///
/// - Thread: that of the feed. Allocates: when an interval is seen for the first time.
final class CandleLedger {
    /// How many closed candles an interval remembers, to tell a repetition from a change.
    private static let memory = 16

    private struct Row {
        var interval: CandleInterval
        var current: Candle?
        var closed: ContiguousArray<CandleNote> = []
        var newestClosed = Int64.min
    }

    private var rows: ContiguousArray<Row> = []
    private var notes: ContiguousArray<CandleNote> = []

    init() {
        notes.reserveCapacity(2)
    }

    /// Notes a candle as a frame or an answer shows it, and says what is to be published, in order.
    func take(_ candle: Candle) -> ContiguousArray<CandleNote> {
        notes.removeAll(keepingCapacity: true)
        let place = row(candle.interval)
        if candle.openMicroseconds <= rows[place].newestClosed {
            revise(place, candle)
            return notes
        }
        closeCurrent(place, before: candle)
        if candle.isClosed == true {
            close(place, candle)
        } else {
            let newest = rows[place].current?.openMicroseconds ?? Int64.min
            if newest <= candle.openMicroseconds { rows[place].current = candle }
            notes.append(CandleNote(candle: candle, isClosed: false, revision: 0))
        }
        return notes
    }

    /// The newest candle of an interval that was taken, open or closed.
    func newest(_ interval: CandleInterval) -> Candle? {
        guard let row = rows.first(where: { $0.interval == interval }) else { return nil }
        if let current = row.current { return current }
        return row.closed.map(\.candle).max { $0.openMicroseconds < $1.openMicroseconds }
    }

    /// Notes a closed candle that was asked for, and says what is to be published.
    ///
    /// Answers leave out some of what frames tell: what they do not say changes nothing.
    func takeFetched(_ candle: Candle) -> ContiguousArray<CandleNote> {
        notes.removeAll(keepingCapacity: true)
        let place = row(candle.interval)
        let known = rows[place].closed.first { $0.candle.openMicroseconds == candle.openMicroseconds }
        guard let known else {
            close(place, candle)
            return notes
        }
        guard !known.candle.hasPricesAndVolume(of: candle) else { return notes }
        var candle = candle
        candle.quoteVolume = candle.quoteVolume ?? known.candle.quoteVolume
        candle.trades = candle.trades ?? known.candle.trades
        revise(place, candle)
        return notes
    }

    /// When the oldest candle begins that is not known to be closed; nil before the first of the interval.
    ///
    /// - Unit: microseconds since the Unix epoch.
    func firstOpen(_ interval: CandleInterval) -> Int64? {
        guard let row = rows.first(where: { $0.interval == interval }) else { return nil }
        if let current = row.current { return current.openMicroseconds }
        return row.newestClosed == .min ? nil : interval.close(of: row.newestClosed)
    }

    /// A venue without a closed flag closes a candle by beginning a later one (EVENTS ruling 23).
    private func closeCurrent(_ place: Int, before candle: Candle) {
        guard let current = rows[place].current, current.openMicroseconds < candle.openMicroseconds else {
            return
        }
        if current.isClosed == nil { close(place, current) } else { rows[place].current = nil }
    }

    private func close(_ place: Int, _ candle: Candle) {
        let note = CandleNote(candle: candle, isClosed: true, revision: 0)
        if let current = rows[place].current, current.openMicroseconds <= candle.openMicroseconds {
            rows[place].current = nil
        }
        rows[place].newestClosed = max(rows[place].newestClosed, candle.openMicroseconds)
        remember(place, note)
        notes.append(note)
    }

    private func revise(_ place: Int, _ candle: Candle) {
        let known = rows[place].closed.firstIndex { $0.candle.openMicroseconds == candle.openMicroseconds }
        guard let known else { return close(place, candle) }
        guard !rows[place].closed[known].candle.hasValues(of: candle) else { return }
        rows[place].closed[known].candle = candle
        rows[place].closed[known].revision &+= 1
        notes.append(rows[place].closed[known])
    }

    private func remember(_ place: Int, _ note: CandleNote) {
        if rows[place].closed.count == Self.memory {
            // The newest are the ones that may come again.
            let oldest = rows[place].closed.indices.min {
                rows[place].closed[$0].candle.openMicroseconds
                    < rows[place].closed[$1].candle.openMicroseconds
            }
            guard let oldest,
                rows[place].closed[oldest].candle.openMicroseconds < note.candle.openMicroseconds
            else { return }
            rows[place].closed.remove(at: oldest)
        }
        rows[place].closed.append(note)
    }

    private func row(_ interval: CandleInterval) -> Int {
        if let place = rows.firstIndex(where: { $0.interval == interval }) { return place }
        var row = Row(interval: interval)
        row.closed.reserveCapacity(Self.memory)
        rows.append(row)
        return rows.count - 1
    }
}

extension Candle {
    /// Whether both show the same prices and the same volume.
    fileprivate func hasPricesAndVolume(of other: Candle) -> Bool {
        open == other.open && high == other.high && low == other.low && close == other.close
            && volume == other.volume
    }

    /// Whether both show the same prices and volumes.
    fileprivate func hasValues(of other: Candle) -> Bool {
        hasPricesAndVolume(of: other) && quoteVolume == other.quoteVolume && trades == other.trades
    }
}
