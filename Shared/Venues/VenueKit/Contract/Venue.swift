// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import OrderBooks

/// An exchange as pure functions: bytes in, events, frames to send and requests out.
///
/// No socket, no clock.
///
/// A venue is a folder of eight files (ARCHITECTURE.md); nothing outside it names it.
public protocol Venue: Sendable {
    /// The venue's name on the wire.
    static var id: VenueID { get }

    /// The venue as a configuration wants it; itself where there is nothing to choose.
    func configured(by options: any VenueOptions) -> Self

    /// Endpoints, limits and rules, from the venue's documents.
    var profile: VenueProfile { get }

    /// The endpoint (by name in ``VenueProfile/endpoints``) that carries a channel of an instrument; nil where the
    /// venue has no such stream.
    func endpoint(for channel: Channel, of instrument: Instrument) -> String?

    /// The endpoint that carries what a channel's events of an instrument are completed with: mark and index price of
    /// the funding, on a socket of their own; nil where they come with the channel or not at all.
    ///
    /// Its streams are subscribed with ``VenueStream/isReference``.
    func referenceEndpoint(for channel: Channel, of instrument: Instrument) -> String?

    /// The venue's own name of a stream's channel, as ``ControlFrame/streamAcknowledged(venueSymbol:channelName:)``
    /// gives it.
    func channelName(of stream: VenueStream) -> String

    /// The candle intervals that the venue streams for a market; empty where it has none.
    func candleIntervals(_ market: MarketID) -> [CandleInterval]

    /// The text that a client sends first on an open connection; nil where subscriptions may follow at once.
    ///
    /// The session waits for ``ControlFrame/ready`` before it subscribes.
    func greeting(for streams: [VenueStream]) -> String?

    /// The frames that subscribe streams on one connection, already split at the venue's limits.
    ///
    /// - Parameters:
    ///   - streams: what to subscribe; all of one endpoint.
    ///   - firstRequest: the id of the first frame; each further one takes the next.
    /// - Returns: the frames, in the order to send them.
    func subscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame]

    /// The frames that end streams on one connection.
    func unsubscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame]

    /// A decoder for the frames of one connection.
    ///
    /// - Parameters:
    ///   - market: the market that the connection serves, or nil where frames must tell by themselves.
    ///   - instruments: the instruments known, shared with the feed; a decoder may add some whose names say enough.
    /// - Returns: a decoder with no frame seen.
    func makeDecoder(market: MarketID?, instruments: InstrumentTable) -> any FrameDecoder

    /// The requests that list the instruments of the given markets.
    func instrumentCalls(markets: [MarketID]) -> [VenueCall]

    /// Reads the answer to one of ``instrumentCalls(markets:)``.
    ///
    /// - Parameters:
    ///   - body: the answer's bytes.
    ///   - market: the market that was asked for, or nil where the answer must tell.
    /// - Returns: the instruments that the answer lists and that MarketBus can name.
    /// - Throws: ``DecodeError``.
    func instruments(from body: UnsafeRawBufferPointer, market: MarketID?) throws(DecodeError) -> [Instrument]

    /// The request that answers a question about an instrument; nil where the venue has none.
    func call(_ query: VenueQuery, of instrument: Instrument) -> VenueCall?

    /// Reads the answer to ``call(_:of:)``: its events are appended oldest first.
    ///
    /// - Parameters:
    ///   - body: the answer's bytes.
    ///   - query: what was asked.
    ///   - instrument: of which instrument.
    ///   - instruments: the table that it is from.
    ///   - batch: where the events go.
    /// - Throws: ``DecodeError``; the batch may then hold events of the answer.
    func read(
        _ body: UnsafeRawBufferPointer,
        answering query: VenueQuery,
        of instrument: InstrumentID,
        _ instruments: InstrumentTable,
        into batch: inout EventBatch
    ) throws(DecodeError)

    /// How trades that were missed can be asked for; nil where the venue has no past trades.
    func tradeHistory(of instrument: Instrument) -> TradeHistory?

    /// How an instrument's book is kept; nil where the venue streams none.
    ///
    /// Written in the venue's `BookSync.swift`; ``BookRules`` explains how.
    func bookRules(of instrument: Instrument) -> BookRules?

    /// The venue's own symbol in the URL of a request for a book's snapshot; nil where it is no such URL.
    ///
    /// The answer is read by ``read(_:answering:of:_:into:)`` for ``VenueQuery/book(depth:)``, with depth 0 where the URL
    /// does not say it: the venue then tells it from the number of levels.
    func bookSymbol(shownBy url: String) -> String?

    /// The frame that asks for a book's snapshot on the connection of its stream, for rules whose snapshots come by
    /// ``BookSource/request``; the answer is decoded as a ``BookUpdate`` of kind snapshot.
    func bookRequest(_ stream: VenueStream, request: Int64) -> OutboundFrame?

    /// What the venue's documents say that frames look like, so that a feed can tell when they don't.
    var frameSheet: FrameSheet { get }

    /// The market that a URL or the name of a recorded connection shows, or nil.
    func market(shownBy text: String) -> MarketID?

    /// Whether a URL is that of an instrument list.
    func isInstrumentList(url: String) -> Bool

    /// What an answer that is no success asks of us.
    func verdict(status: Int, retryAfterSeconds: Int?, body: UnsafeRawBufferPointer) -> VenueVerdict
}

extension Venue {
    /// As it is.
    public func configured(by options: any VenueOptions) -> Self { self }

    /// Ours, for venues that acknowledge by request.
    public func channelName(of stream: VenueStream) -> String { stream.channel.name }

    /// None.
    public func referenceEndpoint(for channel: Channel, of instrument: Instrument) -> String? { nil }

    /// None.
    public func candleIntervals(_ market: MarketID) -> [CandleInterval] { [] }

    /// None.
    public func greeting(for streams: [VenueStream]) -> String? { nil }

    /// None.
    public func tradeHistory(of instrument: Instrument) -> TradeHistory? { nil }

    /// None.
    public func bookRules(of instrument: Instrument) -> BookRules? { nil }

    /// None is known.
    public func bookSymbol(shownBy url: String) -> String? { nil }

    /// None.
    public func bookRequest(_ stream: VenueStream, request: Int64) -> OutboundFrame? { nil }

    /// Nothing: what the first frames look like is then right.
    public var frameSheet: FrameSheet { FrameSheet() }

    /// Nothing can be asked.
    public func call(_ query: VenueQuery, of instrument: Instrument) -> VenueCall? { nil }

    /// Nothing was asked, so nothing can be read.
    public func read(
        _ body: UnsafeRawBufferPointer,
        answering query: VenueQuery,
        of instrument: InstrumentID,
        _ instruments: InstrumentTable,
        into batch: inout EventBatch
    ) throws(DecodeError) {
        throw .unknownFrame
    }
}

/// What a venue's documents say about reaching it.
public struct VenueProfile: Sendable {
    /// The markets, in the order in which they are listed to users.
    public var markets: [MarketID]
    /// All endpoints; the configuration may override each URL by its name.
    public var endpoints: [VenueEndpoint]
    /// What keeps a connection alive.
    public var heartbeat: Heartbeat
    /// How the bytes of a message are packed.
    public var compression: FrameCompression = .none
    /// Whether one connection may carry streams of several markets.
    public var mixesMarkets: Bool = true
    /// How many streams one connection may carry.
    public var streamsPerConnection: Int
    /// How many connections may be opened within a window.
    public var connectionLimit: RateLimit
    /// How many frames a client may send on one connection within a window.
    public var sendLimit: RateLimit
    /// When the venue cuts a connection by itself; nil: never.
    ///
    /// - Unit: milliseconds.
    public var connectionLifeMilliseconds: Int?
    /// How much may be asked by REST; an endpoint that none names may be asked ten times a second.
    public var restBudgets: [RESTBudgetRule] = []

    /// Makes a profile.
    public init(
        markets: [MarketID],
        endpoints: [VenueEndpoint],
        heartbeat: Heartbeat,
        compression: FrameCompression = .none,
        mixesMarkets: Bool = true,
        streamsPerConnection: Int,
        connectionLimit: RateLimit,
        sendLimit: RateLimit,
        connectionLifeMilliseconds: Int?,
        restBudgets: [RESTBudgetRule] = []
    ) {
        self.restBudgets = restBudgets
        self.markets = markets
        self.endpoints = endpoints
        self.heartbeat = heartbeat
        self.compression = compression
        self.mixesMarkets = mixesMarkets
        self.streamsPerConnection = streamsPerConnection
        self.connectionLimit = connectionLimit
        self.sendLimit = sendLimit
        self.connectionLifeMilliseconds = connectionLifeMilliseconds
    }
}

/// One of a venue's URLs.
public struct VenueEndpoint: Sendable {
    /// The name in the configuration: `spot_ws`, `usdm_rest`.
    public var name: String
    /// The public base URL; this is what a configuration may replace.
    public var url: String
    /// What a WebSocket connection adds to the base URL: `/stream`, or nothing.
    public var socketPath: String
    /// The market whose frames it carries; nil where it carries several.
    public var market: MarketID?

    /// Makes an endpoint.
    public init(name: String, url: String, socketPath: String = "", market: MarketID?) {
        self.name = name
        self.url = url
        self.socketPath = socketPath
        self.market = market
    }
}

/// What keeps a connection alive.
public enum Heartbeat: Sendable {
    /// The venue pings with control frames; the WebSocket client answers by itself.
    case serverPing
    /// The venue pings with text frames (``ControlFrame/ping(reply:)``) and closes when they stay unanswered.
    case serverText
    /// After so long without a frame we send this text and expect that one.
    case clientText(ping: String, pong: String, afterMilliseconds: Int)
}

/// How the bytes of a WebSocket message are packed beyond what the protocol itself does.
public enum FrameCompression: Sendable {
    /// They are the text.
    case none
    /// Binary messages are gzip files of the text.
    case gzip
}

/// At most `count` within `windowMilliseconds`.
public struct RateLimit: Sendable {
    /// How many.
    public var count: Int
    /// Within how long.
    ///
    /// - Unit: milliseconds.
    public var windowMilliseconds: Int

    /// Makes a limit.
    public init(count: Int, windowMilliseconds: Int) {
        self.count = count
        self.windowMilliseconds = windowMilliseconds
    }
}

/// One stream of a venue: a channel of an instrument.
public struct VenueStream: Hashable, Sendable {
    /// The instrument's number.
    public var instrument: InstrumentID
    /// The venue's own name of it, in the spelling of its data.
    public var venueSymbol: String
    /// The channel.
    public var channel: Channel
    /// The instrument's market.
    public var market: MarketID
    /// The length of a candle stream's candles; nil for all other channels.
    public var interval: CandleInterval?
    /// Whether it brings not the channel's events but what they are completed with.
    public var isReference: Bool

    /// Makes a stream.
    public init(
        instrument: InstrumentID,
        venueSymbol: String,
        channel: Channel,
        market: MarketID,
        interval: CandleInterval? = nil,
        isReference: Bool = false
    ) {
        self.instrument = instrument
        self.venueSymbol = venueSymbol
        self.channel = channel
        self.market = market
        self.interval = interval
        self.isReference = isReference
    }
}

/// A text frame to send, and the streams whose acknowledgement it waits for.
public struct OutboundFrame: Hashable, Sendable {
    /// The text.
    public var text: String
    /// The id in the text, for venues that answer with it.
    public var request: Int64
    /// The streams that it asks for or ends.
    public var streams: [VenueStream]

    /// Makes a frame.
    public init(text: String, request: Int64, streams: [VenueStream]) {
        self.text = text
        self.request = request
        self.streams = streams
    }
}

/// A REST request, by endpoint name and path.
public struct VenueCall: Sendable {
    /// The name of the REST endpoint.
    public var endpoint: String
    /// Path and query.
    public var path: String
    /// The market that the answer is about.
    public var market: MarketID
    /// What the call costs of the venue's budget, in the venue's own unit.
    public var weight: Int

    /// Makes a call.
    public init(endpoint: String, path: String, market: MarketID, weight: Int = 1) {
        self.endpoint = endpoint
        self.path = path
        self.market = market
        self.weight = weight
    }
}

/// What a venue's answer asks of us.
public enum VenueVerdict: Hashable, Sendable {
    /// Try again after this time. Unit: milliseconds.
    case retry(afterMilliseconds: Int)
    /// Open the connection anew.
    case reconnect
    /// The request itself is wrong: it will never succeed.
    case refuse
}
