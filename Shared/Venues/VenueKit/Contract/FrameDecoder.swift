// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models

/// The bytes of one complete frame, borrowed from whoever received it.
public struct FrameBytes {
    /// The frame.
    public var bytes: UnsafeRawBufferPointer
    /// How many bytes from its start may be read: with ``JSONScanner/padding`` to spare nothing is copied.
    public var readable: Int

    /// Borrows a frame.
    public init(_ bytes: UnsafeRawBufferPointer, readable: Int = 0) {
        self.bytes = bytes
        self.readable = readable
    }
}

/// Frames of one connection to events.
///
/// - Thread: that of the feed. Allocates: never in steady state.
public protocol FrameDecoder: AnyObject {
    /// Appends every event of one complete frame, oldest first.
    ///
    /// When it throws, the batch may hold events of the frame: the caller forgets them.
    ///
    /// - Returns: what the frame was.
    /// - Throws: ``DecodeError``; the frame is then a dead letter.
    func decode(_ frame: FrameBytes, into batch: inout EventBatch) throws(DecodeError) -> FrameOutcome

    /// A new connection begins: what was noted of the one before counts no longer.
    ///
    /// Not called where frames come without a connection: what a decoder expects of a connection's first frames, it
    /// expects after this call only.
    func connectionOpened()
}

extension FrameDecoder {
    /// Nothing is noted.
    public func connectionOpened() {}
}

/// What a frame was.
public enum FrameOutcome {
    /// Market data; its events are in the batch (none, for a push that says nothing new).
    case events
    /// A known kind from which no event is made.
    case ignored(StaticString)
    /// The venue talks about the connection or a subscription.
    case control(ControlFrame)
}

/// What a venue says about a connection or a subscription.
public enum ControlFrame: Sendable {
    /// A request succeeded; all streams of the frame with this id are confirmed.
    case acknowledged(request: Int64)
    /// One stream is confirmed.
    case streamAcknowledged(venueSymbol: String, channelName: String)
    /// One stream has ended as asked.
    case streamEnded(venueSymbol: String, channelName: String)
    /// A request failed, as far as the venue says which.
    case refused(request: Int64?, code: String, message: String, verdict: VenueVerdict)
    /// The streams of an instrument are refused, all or those of one channel.
    case streamRefused(venueSymbol: String, channelName: String?, code: String, message: String)
    /// The venue ends this connection; the verdict says when another may follow, and `refuse` that none may before the
    /// configuration is mended.
    case dismissed(code: String, message: String, verdict: VenueVerdict)
    /// Frames of this connection are missing, so that nothing it carries is whole.
    case framesMissing(String)
    /// Several streams are confirmed: the venue lists all that it sends.
    case acknowledgedStreams([AcknowledgedStream])
    /// The venue asks for this text, or it will close the connection.
    case ping(reply: String)
    /// The venue has greeted back: subscriptions may follow.
    case ready
    /// The answer to our text ping.
    case pong
    /// The venue will close the connection soon.
    case closingSoon(reason: String)
    /// Anything else that needs no action.
    case information(String)
}

/// One stream that a venue says it sends.
public struct AcknowledgedStream: Hashable, Sendable {
    /// The venue's own name of the instrument.
    public var venueSymbol: String
    /// The venue's own name of the channel.
    public var channelName: String

    /// Names a stream.
    public init(venueSymbol: String, channelName: String) {
        self.venueSymbol = venueSymbol
        self.channelName = channelName
    }
}

/// Why a frame gives no event.
///
/// The wire name is the dead letter's `reason`.
public enum DecodeError: Error, Hashable, Sendable {
    /// Not JSON, or cut.
    case malformed(offset: UInt32)
    /// JSON of a shape that no document describes.
    case unknownFrame
    /// A field without which there is no event is missing.
    case missingField(StaticName)
    /// A field holds what it can't.
    case badField(StaticName, offset: UInt32)
    /// The instrument is not known and its name does not say enough.
    case unknownInstrument
    /// The instrument's contract size is not known, so the size has no meaning.
    case unknownContractSize
    /// A calculation went out of the range of 128 bits.
    case outOfRange

    /// A stable name from a bounded set.
    public var reason: String {
        switch self {
        case .malformed: "malformed"
        case .unknownFrame: "unknown_frame"
        case .missingField: "missing_field"
        case .badField: "bad_field"
        case .unknownInstrument, .unknownContractSize: "unknown_instrument"
        case .outOfRange: "out_of_range"
        }
    }

    /// What a person wants to know beyond the reason.
    public var detail: String {
        switch self {
        case .malformed(let offset): "no JSON at byte \(offset)"
        case .unknownFrame: "no documented frame has this shape"
        case .missingField(let name): "\(name) is missing"
        case .badField(let name, let offset): "\(name) at byte \(offset) can't be read"
        case .unknownInstrument: "the instrument is not listed and its name does not say what it is"
        case .unknownContractSize: "the contract size is not known: load the venue's instruments"
        case .outOfRange: "a calculated size has more digits than 128 bits hold"
        }
    }

    /// The error of a JSON value that is no field's.
    public init(_ error: JSONError) {
        switch error {
        case .malformed, .tooLong: self = .malformed(offset: 0)
        case .wrongType(let offset), .syntax(let offset), .badInteger(let offset), .badDecimal(let offset):
            self = .malformed(offset: offset)
        }
    }

    /// The error of a field's value.
    public init(_ error: JSONError, field: StaticName) {
        switch error {
        case .malformed, .tooLong: self = .malformed(offset: 0)
        case .syntax(let offset): self = .malformed(offset: offset)
        case .wrongType(let offset), .badInteger(let offset), .badDecimal(let offset):
            self = .badField(field, offset: offset)
        }
    }
}

/// A literal that can be compared and printed without being a `String`.
public struct StaticName: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    private let text: StaticString

    /// Makes a name from a literal.
    public init(stringLiteral text: StaticString) { self.text = text }

    /// The literal.
    public var description: String { text.description }

    /// Whether both are the same literal.
    public static func == (left: StaticName, right: StaticName) -> Bool {
        left.description == right.description
    }

    /// Feeds the literal.
    public func hash(into hasher: inout Hasher) { hasher.combine(description) }
}
