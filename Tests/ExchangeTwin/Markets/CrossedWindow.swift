// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A stretch of time in which one symbol's venues are crossed past the taker fees.
struct CrossedWindow {
    var base: String
    var segment: Segment
    var high: Market
    var low: Market
    var from: Int
    var until: Int
    var edge: Double

    /// Between two venues whose quotes of one symbol somebody listens to; nil where there are none.
    init?(among active: [Market], wall: Int, random: inout RandomSource) {
        let quoted = active.filter { market in
            market.streams.contains { $0.topics.contains(.book) && !$0.subscribers.isEmpty }
        }
        var groups: [String: [Market]] = [:]
        for market in quoted {
            let one = market.instrument
            let key = "\(one.base)/\(one.quote)/\(one.segment)/\(one.expiry?.date ?? "")"
            groups[key, default: []].append(market)
        }
        let pairs = groups.keys.sorted().compactMap { groups[$0] }.filter { $0.count > 1 }
        guard !pairs.isEmpty else { return nil }
        let group = pairs[random.below(pairs.count)]
        let first = random.below(group.count)
        let second = (first + 1 + random.below(group.count - 1)) % group.count
        high = group[first]
        low = group[second]
        base = high.instrument.base
        segment = high.instrument.segment
        from = wall
        until = wall + (200 + random.below(1800)) * 1_000_000
        let fees = high.instrument.venue.takerFee(segment) + low.instrument.venue.takerFee(segment)
        edge = fees + 0.0008 + 0.0012 * random.unit()
    }
}
