// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint

/// An opportunity of one route from the moment it was seen: first watched, then told, at last over.
struct RouteLife: Sendable {
    /// The figures that hold now.
    private(set) var figures: DepthFigures
    /// When it was seen first.
    let seenMicroseconds: Int64
    /// What names it once it is told; nil before.
    private(set) var openedMicroseconds: Int64?
    /// When it was over; nil before.
    private(set) var endedMicroseconds: Int64?
    private(set) var takers: [TakerResult] = []
    /// How many replays are yet to come.
    private(set) var awaited = 0
    private var toldMicroseconds: Int64
    /// The trigger of figures that were not told yet.
    private(set) var untold: Trigger??
    private var changedMicroseconds: Int64
    /// The edge in basis points times microseconds.
    private var weighted = ScaledDecimal.zero
    private var peakEdge: ScaledDecimal
    private var peakMicroseconds: Int64
    private var peakProfit: ScaledDecimal

    init(_ figures: DepthFigures, now: Int64) {
        self.figures = figures
        seenMicroseconds = now
        toldMicroseconds = now
        changedMicroseconds = now
        peakEdge = figures.edgeBasisPoints
        peakMicroseconds = now
        peakProfit = figures.profit
    }

    /// Whether it has lasted for so long.
    func hasLasted(_ duration: Int64, now: Int64) -> Bool {
        Self.span(from: seenMicroseconds, to: now) >= duration
    }

    /// Takes the figures that hold from now on; false where they are the same.
    mutating func take(_ new: DepthFigures, _ trigger: Trigger?, now: Int64) -> Bool {
        guard new != figures else { return false }
        weigh(now)
        figures = new
        if openedMicroseconds != nil { untold = .some(trigger) }
        if new.edgeBasisPoints > peakEdge {
            peakEdge = new.edgeBasisPoints
            peakMicroseconds = now
        }
        peakProfit = max(peakProfit, new.profit)
        return true
    }

    /// It is told from now on, under this name.
    mutating func open(as opened: Int64, awaiting replays: Int, now: Int64) {
        openedMicroseconds = opened
        toldMicroseconds = now
        awaited = replays
    }

    /// Whether there is something to tell, and the last step is long enough ago; it counts as told then.
    mutating func tell(after interval: Int64, now: Int64) -> Trigger?? {
        guard let trigger = untold, Self.span(from: toldMicroseconds, to: now) >= interval else { return nil }
        untold = nil
        toldMicroseconds = now
        return trigger
    }

    /// Notes what a late taker would have earned.
    mutating func settle(_ result: TakerResult) {
        takers.append(result)
        awaited -= 1
    }

    /// Nothing is added any more but what late takers would have earned.
    mutating func end(now: Int64) {
        endedMicroseconds = now
    }

    /// How long it has been open.
    ///
    /// - Unit: microseconds.
    func duration(now: Int64) -> Int64 {
        Self.span(from: openedMicroseconds ?? seenMicroseconds, to: endedMicroseconds ?? now)
    }

    /// What it has been worth until now, or its end.
    ///
    /// - Throws: ``DecimalError/overflow``.
    func life(now: Int64) throws(DecimalError) -> LifeFigures {
        let now = endedMicroseconds ?? now
        let lifetime = Self.span(from: seenMicroseconds, to: max(now, changedMicroseconds))
        let mean =
            lifetime > 0
            ? try weighted(until: now).divided(by: ScaledDecimal(lifetime), decimals: 4, rounding: .halfEven)
            : figures.edgeBasisPoints
        return LifeFigures(
            peakEdgeBasisPoints: peakEdge,
            peakMicroseconds: peakMicroseconds,
            peakProfit: peakProfit,
            meanEdgeBasisPoints: mean
        )
    }

    private mutating func weigh(_ now: Int64) {
        weighted = weighted(until: now)
        changedMicroseconds = max(now, changedMicroseconds)
    }

    /// ``weighted`` with what the present figures add to it.
    private func weighted(until now: Int64) -> ScaledDecimal {
        let held = Self.span(from: changedMicroseconds, to: now)
        guard held > 0, let part = try? figures.edgeBasisPoints.multiplied(by: ScaledDecimal(held)),
            let sum = try? weighted.adding(part)
        else { return weighted }
        return sum
    }

    /// Never negative, whatever a clock does.
    private static func span(from: Int64, to: Int64) -> Int64 {
        let (span, overflow) = to.subtractingReportingOverflow(from)
        return overflow ? 0 : max(span, 0)
    }
}
