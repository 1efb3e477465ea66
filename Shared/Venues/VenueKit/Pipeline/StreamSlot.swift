// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import Wire

/// One stream of records as the pipeline keeps it: its label, its numbers and what it has published.
///
/// - Thread: that of the feed.
public final class StreamSlot {
    /// The channel.
    public let channel: Channel
    /// The instrument.
    public let instrument: InstrumentID
    /// Key and common fields of the records.
    public private(set) var label: StreamLabel
    /// The last sequence number given out in this epoch; 0 before the first.
    public internal(set) var lastSeq: UInt64 = 0
    /// When the last frame of the stream was read.
    ///
    /// - Unit: microseconds since the Unix epoch; 0 before the first.
    public internal(set) var lastReceivedMicroseconds: Int64 = 0
    /// The venue's sequence of the last quote; ``VenueSequence/none`` before the first.
    public internal(set) var lastVenueSequence = VenueSequence.none
    /// The venue's time of the last record; ``EventTime/none`` before the first in the epoch, or where it gives none.
    ///
    /// - Unit: microseconds since the Unix epoch.
    public internal(set) var lastExchangeMicroseconds = EventTime.none
    /// Whether records flow: false before the first event and after a loss.
    public internal(set) var isOpen = false
    /// Trades that the venue sent again, since the process began.
    public internal(set) var duplicates: UInt64 = 0
    /// Quotes whose venue sequence went back, since the process began.
    public internal(set) var regressions: UInt64 = 0
    /// Records that the sink refused for want of memory, since the process began.
    public internal(set) var refused: UInt64 = 0

    let base: UInt32
    /// Which trades were published; only streams of trades have it.
    var trades: PublishedTrades
    /// Which candles were; only streams of candles have it.
    let candles: CandleLedger?
    private var incarnation: UInt32 = 0
    private let info: Instrument
    private let feed: String

    /// Incarnations whose losses can still be told apart.
    static let incarnations: UInt32 = 4

    init(base: UInt32, channel: Channel, instrument: InstrumentID, info: Instrument, feed: String) {
        self.base = base
        self.channel = channel
        self.instrument = instrument
        self.info = info
        self.feed = feed
        trades = PublishedTrades(isUsed: channel == .trade)
        candles = channel == .candle ? CandleLedger() : nil
        label = Self.label(base, 0, channel, info, feed, -1)
    }

    /// Begins a new epoch, later than every one before.
    func open(epoch: Int64) {
        let next = max(epoch, label.epoch &+ 1)
        incarnation = (incarnation &+ 1) % Self.incarnations
        label = Self.label(base, incarnation, channel, info, feed, next)
        lastSeq = 0
        lastVenueSequence = VenueSequence.none
        lastExchangeMicroseconds = EventTime.none
        trades.clear()
        isOpen = true
    }

    private static func label(
        _ base: UInt32,
        _ incarnation: UInt32,
        _ channel: Channel,
        _ info: Instrument,
        _ feed: String,
        _ epoch: Int64
    ) -> StreamLabel {
        StreamLabel(
            id: StreamID(index: base &* incarnations &+ incarnation),
            topic: channel.topic,
            instrument: info,
            feed: feed,
            epoch: epoch
        )
    }
}

extension Channel {
    /// The topic of the channel's records.
    public var topic: TopicID {
        switch self {
        case .trade: TopicRegistry.trade
        case .bbo: TopicRegistry.bbo
        case .book: TopicRegistry.book
        case .candle: TopicRegistry.candle
        case .ticker: TopicRegistry.ticker
        case .funding: TopicRegistry.funding
        case .openInterest: TopicRegistry.openInterest
        case .liquidation: TopicRegistry.liquidation
        }
    }
}
