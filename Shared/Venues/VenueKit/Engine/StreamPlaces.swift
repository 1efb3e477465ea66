// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

/// Where a connection's session keeps each stream: from an event to its stream without a search.
///
/// A session never gives a stream's place to another, so an ended stream may stay in the table: the session itself
/// knows that nothing is wanted of it.
///
/// - Thread: that of the feed. Allocates: when a stream is added.
struct StreamPlaces {
    private static let channels = Channel.allCases.count

    private var places: ContiguousArray<Int32> = []
    private var candles: [CandleStream: Int] = [:]
    private var references: [InstrumentID: Int] = [:]

    /// Notes the place of a stream.
    mutating func add(_ stream: VenueStream, at place: Int) {
        if let interval = stream.interval {
            candles[CandleStream(instrument: stream.instrument, interval: interval)] = place
        }
        guard !stream.isReference else {
            references[stream.instrument] = place
            return
        }
        let index = Self.index(stream.instrument, stream.channel)
        while places.count <= index { places.append(-1) }
        places[index] = Int32(truncatingIfNeeded: place)
    }

    /// The place of a channel of an instrument; of candles, that of the interval added last.
    ///
    /// - Allocates: never.
    @inline(__always)
    func place(_ instrument: InstrumentID, _ channel: Channel) -> Int? {
        let index = Self.index(instrument, channel)
        guard index < places.count, places[index] >= 0 else { return nil }
        return Int(places[index])
    }

    /// The place of the stream that brings such candles.
    func place(of candle: borrowing Candle) -> Int? {
        candles[CandleStream(instrument: candle.instrument, interval: candle.interval)]
    }

    /// The place of the stream that brings what an instrument's events are completed with.
    func place(ofReference instrument: InstrumentID) -> Int? { references[instrument] }

    @inline(__always)
    private static func index(_ instrument: InstrumentID, _ channel: Channel) -> Int {
        Int(instrument.index) &* channels &+ Int(channel.rawValue)
    }
}

/// A candle stream of a connection.
private struct CandleStream: Hashable {
    var instrument: InstrumentID
    var interval: CandleInterval
}
