// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes
import Wire

// MARK: - What is not believed

extension AggregatorEngine {
    /// The number of a venue that is a name, and one of those that this aggregator takes.
    func venue(_ bytes: UnsafeRawBufferPointer) -> VenueIndex? {
        guard let venue = quotes.find(venue: bytes), settings.venues.isEmpty || takenVenues.contains(venue)
        else { return newVenue(bytes) }
        return venue
    }

    private func newVenue(_ bytes: UnsafeRawBufferPointer) -> VenueIndex? {
        guard Self.isName(bytes) else { return nil }
        let isTaken = settings.venues.isEmpty || settings.venues.contains { $0.utf8.elementsEqual(bytes) }
        guard isTaken, let venue = quotes.venue(bytes) else { return nil }
        takenVenues.insert(venue)
        return venue
    }

    /// A venue's name is of lower-case letters, digits, `-` and `_`.
    private static func isName(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let dash = UInt8(ascii: "-")
        let isWord = bytes.allSatisfy { byte in
            (97...122).contains(byte) || (48...57).contains(byte) || byte == 95 || byte == dash
        }
        return isWord && (1...32).contains(bytes.count)
    }

    /// Notes a record whose names are not taken.
    func refuseNames(
        _ topic: TopicID,
        _ symbol: UnsafeRawBufferPointer,
        _ venue: UnsafeRawBufferPointer,
        _ now: Int64
    ) {
        metrics.refusedName.add()
        let isStranger = !settings.venues.isEmpty && Self.isName(venue) && self.venue(venue) == nil
        ignored.note(
            isStranger ? .unknownVenue : .badName,
            .init(topic: topic, symbol: Self.shown(symbol), venue: Self.shown(venue)),
            now: now
        )
    }

    /// Whether a record is of the symbol by which it was sent; one without a key is.
    ///
    /// Elsewhere than with its symbol's records it has no place in their order, and may be another instance's.
    func isUnder(_ key: UnsafeRawBufferPointer?, _ symbol: some Sequence<UInt8>) -> Bool {
        key.map { $0.elementsEqual(symbol) } ?? true
    }

    /// Notes a record that was sent by another symbol than its own.
    func refuseKey(_ topic: TopicID, _ symbol: String, _ venue: String, _ now: Int64) {
        metrics.refusedName.add()
        let (symbol, venue) = (String(symbol.prefix(64)), String(venue.prefix(64)))
        ignored.note(.wrongKey, .init(topic: topic, symbol: symbol, venue: venue), now: now)
    }

    /// Notes a record whose names are not taken.
    func refuseNames(_ topic: TopicID, _ symbol: String, _ venue: String, _ now: Int64) {
        var (symbol, venue) = (symbol, venue)
        symbol.withUTF8 { symbol in
            venue.withUTF8 { venue in
                refuseNames(topic, UnsafeRawBufferPointer(symbol), UnsafeRawBufferPointer(venue), now)
            }
        }
    }

    /// The number of the venue with this name; see ``venue(_:)-(UnsafeRawBufferPointer)``.
    func venue(_ name: String) -> VenueIndex? {
        var copy = name
        return copy.withUTF8 { venue(UnsafeRawBufferPointer($0)) }
    }

    /// Notes a record without a value on a topic where that means nothing.
    func refuseTombstone(_ topic: TopicID, _ record: InboundRecord, _ now: Int64) {
        metrics.tombstone.add()
        let key = record.key.map(Self.shown)
        ignored.note(.tombstone, .init(topic: topic, symbol: key, venue: "unknown"), now: now)
    }

    /// Notes what a record of a leg told that can't be.
    func noteIgnored(
        _ reason: IgnoreReason,
        _ topic: TopicID,
        _ symbol: SymbolID,
        _ venue: VenueIndex,
        _ now: Int64
    ) {
        switch reason {
        case .absurd: note(.absurd, topic, symbol, venue, now)
        case .clockAhead: note(.clockAhead, topic, symbol, venue, now)
        // A record comes again wherever a producer or a reader begins anew: that is counted, and no news.
        case .oldEpoch, .oldSequence, .unknown: break
        }
    }

    /// Notes that something about a leg was ignored.
    func note(
        _ what: IgnoredClass,
        count: UInt64 = 1,
        _ topic: TopicID,
        _ symbol: SymbolID,
        _ venue: VenueIndex,
        _ now: Int64
    ) {
        ignored.note(
            what,
            count: count,
            .init(topic: topic, symbol: quotes.name(of: symbol), venue: quotes.name(of: venue)),
            now: now
        )
    }

    /// Notes quotes that count for nothing or for no opportunity: too old when they came, or of no known instrument.
    func noteWeakness(
        of update: LegUpdate,
        _ market: MarketIndex,
        _ symbol: SymbolID,
        _ venue: VenueIndex,
        _ now: Int64
    ) {
        guard update.isLive, states[Int(symbol.index)].speaks else { return }
        let (age, overflow) = now.subtractingReportingOverflow(update.receivedMicroseconds)
        if overflow || age > settings.quotes.legMaxAgeMicroseconds {
            note(.late, TopicRegistry.bbo, symbol, venue, now)
        }
        if !board.isDescribed(market) { note(.noInstrument, TopicRegistry.bbo, symbol, venue, now) }
    }

    /// Tells what was ignored, as far as it is due.
    func reportIgnored(_ now: Int64) {
        let count = board.counts.implausible &- toldImplausible
        if count > 0, let route = board.lastImplausible, let leg = board.map.routes[route].legs.first {
            toldImplausible = board.counts.implausible
            let market = board.depth[leg.market]
            note(.implausible, count: count, TopicRegistry.opportunity, market.symbol, market.venue, now)
        }
        ignored.report(with: publisher, now: now) { example in
            guard let symbol = example.symbol.flatMap({ quotes.find(symbol: $0) }),
                let venue = quotes.venue(example.venue), let market = board.depth.find(symbol, venue)
            else { return false }
            return !board.isDescribed(market)
        }
    }

    /// At most 64 characters of what somebody wrote.
    private static func shown(_ bytes: UnsafeRawBufferPointer) -> String {
        String(String(decoding: bytes.prefix(96), as: UTF8.self).prefix(64))
    }
}

extension MarketFacts {
    /// Whether the fees can be a venue's: below a tenth of what is traded, and rebates below a hundredth.
    var hasPlausibleFees: Bool {
        let (least, most) = (
            ScaledDecimal(mantissa64: -1, decimals: 2), ScaledDecimal(mantissa64: 1, decimals: 1)
        )
        guard takerFee > least, takerFee < most else { return false }
        guard let makerFee else { return true }
        return makerFee > least && makerFee < most
    }
}
