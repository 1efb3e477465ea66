// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc

/// A stretch of time in which one symbol's venues are crossed past the taker fees.
struct CrossedWindow {
    var base: String
    var segment: Segment
    var high: Instrument
    var low: Instrument
    var from: Int
    var until: Int
    var edge: Double
}

/// Seeded, correlated markets: who trades what next, and at which price.
///
/// Knows no socket.
final class MarketGenerator {
    private(set) var coins: [Coin]
    let instruments: [Instrument]
    private(set) var window: CrossedWindow?

    private var random: RandomSource
    private var active: [Instrument] = []
    private var common = 0.0
    private let stepDeviation: Double
    private let crossedEvery: Int
    private var nextWindow: Int?
    private var turn = 0
    /// Streams that were just subscribed: each gets a first frame at once.
    private var fresh: [(instrument: Instrument, trade: Bool)] = []

    init(options: Options) {
        random = RandomSource(seed: options.seed)
        coins = Universe.coins(options.symbols, random: &random)
        instruments = Universe.instruments(coins, random: &random)
        // About one basis point a second, shared out over the frames of that second.
        stepDeviation = 0.0001 * (Double(options.symbols) / Double(max(1, options.rate))).squareRoot()
        crossedEvery = options.crossedEveryMilliseconds * 1_000_000
    }

    var hasWork: Bool { !active.isEmpty }

    /// To be called when a stream is wanted for the first time.
    func refreshActive() {
        active = instruments.filter(\.isActive)
    }

    /// Promises a stream its first frame.
    func introduce(_ instrument: Instrument, trade: Bool) { fresh.append((instrument, trade)) }

    /// The next stream that waits for its first frame.
    func nextFresh() -> (instrument: Instrument, trade: Bool)? { fresh.popLast() }

    // MARK: - Prices

    private func move(_ index: Int) {
        common += random.normal() * stepDeviation * 0.5
        common *= 0.999_999
        coins[index].drift += random.normal() * stepDeviation
        coins[index].drift *= 0.999_99
        coins[index].fair = coins[index].price * exp(common + coins[index].drift)
    }

    /// Draws a new best bid and ask around the fair price.
    func quote(_ instrument: Instrument) {
        move(instrument.coin)
        instrument.noise += random.normal() * 0.000_03 - instrument.noise * 0.2
        let middle = coins[instrument.coin].fair * (1 + instrument.noise + instrument.shift)
        let ticks = middle / instrument.tick.approximate
        let spread = max(1, Int(ticks * 0.000_02) + random.below(2))
        instrument.bidTicks = max(1, Int((ticks - Double(spread) / 2).rounded()))
        instrument.askTicks = instrument.bidTicks + spread
        instrument.bidLots = lots(instrument, dollars: 2_000 + 60_000 * random.unit())
        instrument.askLots = lots(instrument, dollars: 2_000 + 60_000 * random.unit())
        instrument.sequence += 1 + random.below(30)
    }

    private func lots(_ instrument: Instrument, dollars: Double) -> Int {
        let price = coins[instrument.coin].fair
        let unit = instrument.contract.approximate * (instrument.segment == .inverse ? 1 : price)
        let exact = dollars / unit / instrument.lot.approximate
        return max(1, Int(exact.rounded()))
    }

    // MARK: - Events

    /// The instrument that speaks next: half of the time in turn, else the first ones more often.
    func pick() -> Instrument? {
        guard !active.isEmpty else { return nil }
        turn += 1
        guard turn % 2 == 0 else { return active[(turn / 2) % active.count] }
        let draw = random.unit()
        return active[min(active.count - 1, Int(draw * draw * Double(active.count)))]
    }

    /// True when the next event of an instrument is a trade: about one in six, where both are wanted.
    func isTrade(_ instrument: Instrument) -> Bool {
        let trades = instrument.trade?.wanted == true || instrument.aggregate?.wanted == true
        guard instrument.bbo?.wanted == true else { return trades }
        return trades && random.below(6) == 0
    }

    /// Draws a trade at the touch.
    func trade(_ instrument: Instrument) -> GeneratedTrade {
        if instrument.bidTicks == 0 { quote(instrument) }
        let buy = random.below(2) == 0
        let raw = instrument.venue == .binance && instrument.trade?.wanted == true
        let parts =
            raw || instrument.segment == .spot && instrument.venue == .binance ? 1 : 1 + random.below(4) / 3
        instrument.tradeID += parts
        instrument.aggregateID += 1
        instrument.sequence += 1 + random.below(5)
        return GeneratedTrade(
            buy: buy,
            ticks: buy ? instrument.askTicks : instrument.bidTicks,
            lots: max(parts, lots(instrument, dollars: 20 + 3_000 * random.unit())),
            parts: parts
        )
    }

    // MARK: - Crossed windows

    /// Opens or closes a window when it is time; returns the instruments whose quotes must be sent at once.
    func windowTurn(now: Int, wall: Int, report: (CrossedWindow, Bool) -> Void) -> [Instrument] {
        guard crossedEvery > 0 else { return [] }
        if let open = window {
            guard wall >= open.until else { return [] }
            window = nil
            open.high.shift = 0
            open.low.shift = 0
            report(open, false)
            return [open.high, open.low]
        }
        guard let due = nextWindow else {
            nextWindow = now + crossedEvery
            return []
        }
        guard now >= due, let made = makeWindow(wall: wall) else { return [] }
        nextWindow = now + crossedEvery
        window = made
        made.high.shift = made.edge / 2
        made.low.shift = -made.edge / 2
        report(made, true)
        return [made.high, made.low]
    }

    private func makeWindow(wall: Int) -> CrossedWindow? {
        let quoted = active.filter { $0.bbo?.subscribers.isEmpty == false }
        let first = quoted.filter { $0.venue == .binance }
        let pairs = first.compactMap { left in
            quoted.first { $0.venue == .okx && $0.coin == left.coin && $0.segment == left.segment }.map {
                (left, $0)
            }
        }
        guard !pairs.isEmpty else { return nil }
        let (left, right) = pairs[random.below(pairs.count)]
        let up = random.below(2) == 0
        // Both taker fees (spot 20, futures 10 basis points) and a margin.
        let fees = left.segment == .spot ? 0.0020 : 0.0010
        return CrossedWindow(
            base: left.base,
            segment: left.segment,
            high: up ? left : right,
            low: up ? right : left,
            from: wall,
            until: wall + (200 + random.below(1800)) * 1_000_000,
            edge: fees + 0.0008 + 0.0012 * random.unit()
        )
    }
}

/// A trade before it is written in a venue's words.
struct GeneratedTrade {
    var buy: Bool
    var ticks: Int
    var lots: Int
    /// How many matches the venue merged into it.
    var parts: Int
}
