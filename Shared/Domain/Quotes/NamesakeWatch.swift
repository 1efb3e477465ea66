// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint

/// When two prices of one symbol are not of one thing.
public struct NamesakeSettings: Sendable {
    /// Prices whose larger is more than so many times the smaller are far from each other; above one.
    public var ratio: ScaledDecimal
    /// How long that must last, and how long they must be near again; 0: nobody looks.
    ///
    /// - Unit: microseconds.
    public var lastingMicroseconds: Int64

    /// Makes settings.
    public init(
        ratio: ScaledDecimal = ScaledDecimal(mantissa64: 15, decimals: 1),
        lastingMicroseconds: Int64 = 180_000_000
    ) {
        self.ratio = ratio
        self.lastingMicroseconds = lastingMicroseconds
    }
}

/// Finds instruments that share a symbol but, by their prices, nothing else.
///
/// A leg is set apart when its price was far from those of more believed venues than it was near to, without a pause, for
/// long enough: of two that differ both, of three the odd one. It is back when that was otherwise for as long; where no
/// other venue is believed, those set apart judge each other. While nobody can be compared, time does not count. There
/// is no clock in here: the time comes in with every call.
///
/// - Thread: one at a time. Allocates: for an instrument that is new and where something is found.
public struct NamesakeWatch: Sendable {
    /// A leg that was set apart or is back.
    public struct Finding: Hashable, Sendable {
        /// The instrument.
        public var market: MarketIndex
        /// Whether it is set apart from now on.
        public var isApart: Bool
        /// Twice its middle price.
        public var doubledMiddle: ScaledDecimal
        /// The instrument that it was compared with last.
        public var other: MarketIndex
        /// Twice that one's middle price.
        public var otherDoubledMiddle: ScaledDecimal
    }

    private struct State {
        var isApart = false
        /// Since when the prices say the contrary.
        var since: Int64?
    }

    private let settings: NamesakeSettings
    private var states: ContiguousArray<State> = []
    /// The instruments of each symbol.
    private var families: ContiguousArray<[MarketIndex]> = []
    private var prices: [ScaledDecimal?] = []

    /// A watch that has seen nothing.
    public init(settings: NamesakeSettings) { self.settings = settings }

    /// How many legs are set apart.
    public var apartCount: Int { states.count(where: \.isApart) }

    /// Compares all legs.
    ///
    /// - Parameters:
    ///   - depth: the books.
    ///   - now: the time. Unit: microseconds since the Unix epoch.
    /// - Returns: who was set apart or is back.
    public mutating func look(_ depth: DepthTable, now: Int64) -> [Finding] {
        guard settings.lastingMicroseconds > 0 else { return [] }
        learn(depth)
        var findings: [Finding] = []
        for family in families.indices where families[family].count > 1 {
            prices.removeAll(keepingCapacity: true)
            for market in families[family] { prices.append(depth.doubledMiddle(market)) }
            judge(families[family], now, &findings)
        }
        for finding in findings {
            states[Int(finding.market.index)] = State(isApart: finding.isApart, since: nil)
        }
        return findings
    }

    /// Forgets what was seen of an instrument.
    public mutating func forget(_ market: MarketIndex) {
        if Int(market.index) < states.count { states[Int(market.index)] = State() }
    }

    private mutating func learn(_ depth: DepthTable) {
        while states.count < depth.count {
            let market = MarketIndex(index: UInt32(truncatingIfNeeded: states.count))
            let symbol = Int(depth[market].symbol.index)
            while families.count <= symbol { families.append([]) }
            families[symbol].append(market)
            states.append(State())
        }
    }

    private mutating func judge(_ family: [MarketIndex], _ now: Int64, _ findings: inout [Finding]) {
        for index in family.indices {
            let place = Int(family[index].index)
            guard let price = prices[index], let verdict = verdict(family, index, price),
                verdict.isFar != states[place].isApart
            else {
                states[place].since = nil
                continue
            }
            let since = states[place].since ?? now
            states[place].since = since
            let (lasted, overflow) = now.subtractingReportingOverflow(since)
            guard overflow || lasted >= settings.lastingMicroseconds else { continue }
            findings.append(
                Finding(
                    market: family[index],
                    isApart: verdict.isFar,
                    doubledMiddle: price,
                    other: family[verdict.other],
                    otherDoubledMiddle: prices[verdict.other] ?? price
                )
            )
        }
    }

    /// Whether a leg's price is far from more others than it is near to; nil where there is nobody to compare it with.
    private func verdict(
        _ family: [MarketIndex],
        _ index: Int,
        _ price: ScaledDecimal
    ) -> (isFar: Bool, other: Int)? {
        let others = family.indices.filter { $0 != index && prices[$0] != nil }
        var judges = others.filter { !states[Int(family[$0].index)].isApart }
        if judges.isEmpty, states[Int(family[index].index)].isApart { judges = others }
        guard let last = judges.last else { return nil }
        let far = judges.count { areFar(price, prices[$0] ?? price) }
        return (far > judges.count - far, last)
    }

    private func areFar(_ left: ScaledDecimal, _ right: ScaledDecimal) -> Bool {
        // A product beyond exact arithmetic is beyond every price.
        guard let bound = try? min(left, right).multiplied(by: settings.ratio) else { return false }
        return max(left, right) > bound
    }
}
