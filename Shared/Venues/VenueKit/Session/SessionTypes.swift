// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Wire

/// What a session allows the venue.
public struct SessionSettings: Sendable {
    /// From the first step of connecting to an open socket.
    ///
    /// - Unit: milliseconds.
    public var connectMilliseconds: Int64 = 10_000
    /// From a subscription's sending to its acknowledgement.
    ///
    /// - Unit: milliseconds.
    public var acknowledgeMilliseconds: Int64 = 10_000
    /// From the acknowledgement to the first message.
    ///
    /// - Unit: milliseconds.
    public var firstMessageMilliseconds: Int64 = 15_000
    /// The shortest pause that counts as silence, of a connection and of a stream that should talk.
    ///
    /// - Unit: milliseconds.
    public var silenceMilliseconds: Int64 = 10_000
    /// The first wait before a new connection.
    ///
    /// - Unit: milliseconds.
    public var backoffMinimumMilliseconds: Int64 = 250
    /// The longest wait before a new connection.
    ///
    /// - Unit: milliseconds.
    public var backoffMaximumMilliseconds: Int64 = 30_000
    /// A connection that lived so long counts as a success.
    ///
    /// - Unit: milliseconds.
    public var stableAfterMilliseconds: Int64 = 5_000
    /// How often a silent or unacknowledged stream is subscribed again before it is left announced.
    public var resubscriptions = 3
    /// How many frames in a row that can't be read end the connection.
    public var undecodableFrames = 10
    /// The time that other acknowledgements of a partly refused request get.
    ///
    /// - Unit: milliseconds.
    public var isolationMilliseconds: Int64 = 250
    /// From the opening of a connection's successor to the moment at which it takes over, ready or not.
    ///
    /// - Unit: milliseconds.
    public var handOverMilliseconds: Int64 = 15_000
    /// How long a stream runs on a connection and on its successor at least, where nothing that it says proves that
    /// the two are level.
    ///
    /// - Unit: milliseconds.
    public var overlapMilliseconds: Int64 = 1_000
    /// When a connection that could not be handed over asks again.
    ///
    /// - Unit: milliseconds.
    public var handOverRetryMilliseconds: Int64 = 10_000
    /// When a connection is handed over at the latest; nil: as the venue's profile says.
    ///
    /// - Unit: milliseconds.
    public var connectionLifeMilliseconds: Int64?

    /// The defaults.
    public init() {}
}

/// Where a stream stands.
public enum StreamState: String, Sendable, CaseIterable {
    /// Not asked for on this connection.
    case waiting
    /// Asked for.
    case pending
    /// Acknowledged, and nothing came yet.
    case confirmed
    /// It talks.
    case live
    /// It should talk and does not; that is announced, and it is live again with its next message.
    case silent
    /// The venue will not give it.
    case refused
    /// No longer wanted.
    case ended
}

/// Where a connection stands.
public enum ConnectionState: String, Sendable, CaseIterable {
    /// Waiting before the next try.
    case waiting
    /// A socket is being opened.
    case connecting
    /// The socket is open.
    case open
    /// Stopped for good.
    case stopped
}

/// What went wrong; the label of a counter and the `kind` in `sys.integrity`.
public enum IncidentKind: String, Sendable, CaseIterable {
    /// No connection could be made.
    case connectFailed = "connect_failed"
    /// An open connection ended.
    case connectionLost = "connection_lost"
    /// An open connection gave no frame.
    case connectionSilent = "connection_silent"
    /// A stream gave no message.
    case streamSilent = "stream_silent"
    /// A subscription was not acknowledged.
    case notAcknowledged = "not_acknowledged"
    /// The venue refused a request.
    case refused
    /// Too many frames in a row could not be read.
    case undecodable
    /// The venue said that it will close the connection.
    case closingNotice = "closing_notice"
    /// As planned: a connection's successor is being made.
    case handOverBegun = "handover_begun"
    /// As planned: a connection's successor has taken over.
    case handOverDone = "handover_done"
    /// Our ping had no answer.
    case pongMissing = "pong_missing"
    /// The venue said that we ask too much.
    case rateLimited = "rate_limited"
    /// A connection's numbers showed that frames are missing.
    case framesMissing = "frames_missing"
    /// A stream's order went back.
    case sequenceRegression = "sequence_regression"
    /// A book did not hold any more and begins anew.
    case bookFault = "book_fault"
    /// A book could not be begun anew in many tries; it is tried on.
    case bookUnrecoverable = "book_unrecoverable"
    /// A book is what the venue's snapshot says.
    case bookAudit = "book_audit"
    /// A book is not what the venue's snapshot says.
    case bookAuditFailed = "book_audit_failed"
    /// Trades that were missed were published late.
    case tradesRepaired = "trades_repaired"
    /// Trades that were missed are not to be had.
    case tradesMissing = "trades_missing"
    /// Candles that were missed were published late.
    case candlesRepaired = "candles_repaired"
    /// Candles that were missed are not to be had.
    case candlesMissing = "candles_missing"
    /// A figure that only REST has could not be had.
    case pollFailed = "poll_failed"
    /// A symbol's streams were taken over from a feed that fell silent: since its last word nothing is proven.
    case takenOver = "taken_over"
    /// A symbol that is another feed's was let go, though that one does not stream it.
    case notTakenOver = "not_taken_over"
    /// An instrument is gone.
    case delisted
    /// Something that was asked for while running is of no meaning here.
    case subscriptionIgnored = "subscription_ignored"
    /// The instruments could not be read again.
    case instrumentsFailed = "instruments_failed"
    /// The capture of raw frames ended by itself.
    case captureStopped = "capture_stopped"
    /// More frames were undecodable than are published.
    case deadLettersDropped = "dead_letters_dropped"
    /// More losses were reported than could be handed over.
    case lossReportsDropped = "loss_reports_dropped"
}

/// Something that went wrong.
public struct Incident: Sendable, Equatable {
    /// What.
    public var kind: IncidentKind
    /// The stream's place in its session; nil when it concerns the connection.
    public var stream: Int?
    /// What a person wants to know; may quote the venue.
    public var detail: String

    /// Makes an incident.
    public init(_ kind: IncidentKind, stream: Int? = nil, _ detail: String) {
        self.kind = kind
        self.stream = stream
        self.detail = detail
    }
}

/// What a session wants done, in this order.
public enum SessionAction: Sendable, Equatable {
    /// Open a socket, when the venue's rate of connections allows it.
    case connect
    /// Send a text.
    case send(String)
    /// Give the socket up; whatever it still says is not for this session.
    case close(code: UInt16, reason: String)
    /// The stream talks: a new epoch of it begins.
    case streamLive(Int)
    /// The stream is lost: its epoch ends, and its quotes hold no longer.
    case invalidate(Int, InvalidReason)
    /// Something went wrong.
    case incident(Incident)
    /// Make a successor of the connection, for this reason; the session goes on until it is retired.
    case handOver(String)
    /// The venue will not serve us as we are configured.
    case giveUp(String)
    /// Nothing more will come.
    case finished
}
