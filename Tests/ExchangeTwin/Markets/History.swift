// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc

/// What a market did before the twin began: a closed form, so that any minute can be asked for and answers agree.
final class History {
    private static let days = 120
    private let instrument: Instrument
    private let touch: Double
    private let origin: Double
    private let base: Double
    /// Hours once asked for: long intervals are made of them.
    private var hours: [Int: Candle] = [:]
    /// Milliseconds of its first minute.
    let begin: Int

    init(_ instrument: Instrument, at touch: Int, milliseconds: Int) {
        self.instrument = instrument
        self.touch = Double(touch)
        origin = Double(milliseconds / 60_000)
        begin = (milliseconds / 86_400_000 - History.days) * 86_400_000
        base = History.wave(origin, instrument.coin)
    }

    private static func wave(_ minute: Double, _ coin: Int) -> Double {
        let phase = Double(coin) * 1.7
        return 0.02 * sin(minute / 2311 + phase) + 0.006 * sin(minute / 173 + 2 * phase)
            + 0.0015 * sin(minute / 13 + 3 * phase)
    }

    private func ticks(_ minute: Int) -> Int {
        max(1, Int((touch * (1 + History.wave(Double(minute), instrument.coin) - base)).rounded()))
    }

    /// The minute that begins at `open` milliseconds.
    func minute(_ open: Int) -> Candle {
        let number = open / 60_000
        return minute(number, from: ticks(number), to: ticks(number + 1))
    }

    /// The hour that begins at `open` milliseconds: the same as its minutes together.
    func hour(_ open: Int) -> Candle {
        if let known = hours[open] { return known }
        let number = open / 60_000
        var next = ticks(number + 1)
        var whole = minute(number, from: ticks(number), to: next)
        for later in (number + 1)..<(number + 60) {
            let end = ticks(later + 1)
            whole.fold(minute(later, from: next, to: end))
            next = end
        }
        hours[open] = whole
        return whole
    }

    private func minute(_ number: Int, from: Int, to: Int) -> Candle {
        let draw = RandomSource.mix(instrument.hash &+ UInt64(truncatingIfNeeded: number))
        let swing = max(1, from / 20_000)
        var candle = Candle(open: number * 60_000, at: from)
        candle.last = to
        candle.high = max(from, to) + Int(draw & 3) * swing
        candle.low = max(1, min(from, to) - Int((draw >> 2) & 3) * swing)
        candle.trades = 5 + Int((draw >> 4) & 31)
        let price = Double(from) * instrument.tick.approximate
        let lots = instrument.lots(dollars: 4_000 + Double((draw >> 10) & 0xFFFF), price: price)
        candle.volume = instrument.volume(ticks: (from + to) / 2, lots: lots)
        candle.bought = instrument.volume(
            ticks: (from + to) / 2,
            lots: lots / 100 * (30 + Int((draw >> 26) & 31))
        )
        return candle
    }

    /// The rate charged at a funding time, in hundred-millionths, as it stood at a moment before it or was settled.
    static func fundingRate(_ instrument: Instrument, at funding: Int, asOf milliseconds: Int?) -> Int {
        let hour = UInt64(truncatingIfNeeded: funding / 3_600_000)
        let settled = Int(RandomSource.mix(instrument.hash &+ hour &* 7) % 40_000) - 10_000
        guard let milliseconds, milliseconds < funding else { return settled }
        let minute = UInt64(truncatingIfNeeded: milliseconds / 60_000)
        return settled + Int(RandomSource.mix(instrument.hash ^ minute) % 400) - 200
    }
}

extension Instrument {
    /// Hours between fundings: eight, for some coins four.
    var fundingHours: Int { coin % 7 == 3 ? 4 : 8 }

    /// The next time funding is charged.
    func nextFunding(after milliseconds: Int) -> Int {
        let span = fundingHours * 3_600_000
        return (milliseconds / span + 1) * span
    }
}
