// Part of MarketBus. Apache License 2.0, see LICENSE.

/// What a topic's value looks like: the one source of its JSON Schema, its AsyncAPI message and the test of its encoder.
public struct RecordShape: Sendable {
    /// The topic.
    public let topic: TopicID
    /// A few words for the head of documents.
    public let title: String
    /// The fields in the order in which they are written, `schema` first.
    public let fields: [FieldShape]

    /// Describes a record; the `schema` field is added by itself.
    public init(_ topic: TopicID, _ title: String, _ fields: [FieldShape]) {
        self.topic = topic
        self.title = title
        let schema = FieldShape(
            "schema",
            .constant(TopicRegistry.spec(of: topic).schema),
            "The record's kind and version."
        )
        self.fields = [schema] + fields
    }
}

/// One field of a record or of a part of it.
public struct FieldShape: Sendable {
    /// The name on the wire.
    public let name: String
    /// What it holds.
    public let kind: ValueShape
    /// What it means.
    public let meaning: String
    /// Whether it may be null.
    public private(set) var isNullable = false
    /// Whether it may be absent.
    public private(set) var isOptional = false

    /// Describes a field.
    public init(_ name: String, _ kind: ValueShape, _ meaning: String) {
        self.name = name
        self.kind = kind
        self.meaning = meaning
    }

    /// The same field, which may be null.
    public var orNull: FieldShape {
        var copy = self
        copy.isNullable = true
        return copy
    }

    /// The same field, which may be absent.
    public var orAbsent: FieldShape {
        var copy = self
        copy.isOptional = true
        return copy
    }
}

/// What a field holds.
public indirect enum ValueShape: Sendable {
    /// Always this text.
    case constant(String)
    /// Any text.
    case text
    /// A canonical decimal, as a text.
    case decimal
    /// An integer; the bound is the smallest that occurs.
    case integer(minimum: Int64?)
    /// True or false.
    case boolean
    /// One of these texts.
    case choice([String])
    /// An array.
    case list(ValueShape)
    /// An object.
    case object([FieldShape])
}

extension FieldShape {
    static func text(_ name: String, _ meaning: String) -> FieldShape { .init(name, .text, meaning) }

    static func decimal(_ name: String, _ meaning: String) -> FieldShape { .init(name, .decimal, meaning) }

    static func boolean(_ name: String, _ meaning: String) -> FieldShape { .init(name, .boolean, meaning) }

    /// A number of things, or a sequence number.
    static func count(_ name: String, _ meaning: String) -> FieldShape {
        .init(name, .integer(minimum: 0), meaning)
    }

    /// A point in time.
    static func time(_ name: String, _ meaning: String) -> FieldShape {
        .init(name, .integer(minimum: 0), meaning + " Microseconds since the Unix epoch, UTC.")
    }

    /// A span of time, which clocks that disagree may turn negative.
    static func span(_ name: String, _ meaning: String) -> FieldShape {
        .init(name, .integer(minimum: nil), meaning + " Microseconds.")
    }

    static func choice<Choice: CaseIterable & RawRepresentable<String>>(
        _ name: String,
        _ type: Choice.Type,
        _ meaning: String
    ) -> FieldShape {
        .init(name, .choice(type.allCases.map(\.rawValue)), meaning)
    }

    static func list(_ name: String, of fields: [FieldShape], _ meaning: String) -> FieldShape {
        .init(name, .list(.object(fields)), meaning)
    }

    static func object(_ name: String, _ fields: [FieldShape], _ meaning: String) -> FieldShape {
        .init(name, .object(fields), meaning)
    }
}

/// Fields that mean the same in several records.
///
/// Shapes are made anew for whoever asks: nobody asks often, and the leak sanitizer can not follow the tagged pointers
/// of an indirect enumeration that lives for ever.
enum CommonFields {
    static var venue: FieldShape {
        FieldShape.text("venue", "The venue's name, lower case.")
    }
    static var symbol: FieldShape {
        FieldShape.text("symbol", "The canonical symbol, such as BTC-USDT or BTC-USDT-PERP.")
    }
    static var venueSymbol: FieldShape {
        FieldShape.text("venue_symbol", "The venue's own name of the instrument.")
    }
    static var feed: FieldShape {
        FieldShape.text("feed", "The feed's instance name.")
    }
    static var published: FieldShape {
        FieldShape.time("published_us", "When the record was given to the producer.")
    }
    static var epoch: FieldShape {
        FieldShape.time("epoch", "The sequence's incarnation: when it began.")
    }
    static var seq: FieldShape {
        FieldShape(
            "seq",
            .integer(minimum: 1),
            "The number in the sequence, contiguous from 1; what is missing is announced in sys.integrity.v1."
        )
    }

    /// What every market record begins with.
    static var market: [FieldShape] {
        [
            venue,
            symbol,
            venueSymbol,
            feed,
            epoch,
            .time("exchange_us", "When the venue says it happened; null where it says nothing.").orNull,
            .time("received_us", "When the feed read the frame from the socket."),
            published,
            seq,
        ]
    }
}

/// A topic's value that is described.
public protocol DescribedRecord {
    /// What it looks like.
    static var shape: RecordShape { get }
}

extension RecordShape {
    /// The shapes of all topics, in the registry's order.
    public static var all: [RecordShape] {
        [
            TradeRecord.shape, BboRecord.shape, InstrumentRecord.shape, SubscriptionRecord.shape,
            QuoteRecord.shape,
            OpportunityRecord.shape, FeedStatusRecord.shape, IntegrityRecord.shape, DriftRecord.shape,
            DeadLetterRecord.shape, BookRecord.shape, CandleRecord.shape, TickerRecord.shape,
            FundingRecord.shape,
            OpenInterestRecord.shape, LiquidationRecord.shape, AggBookRecord.shape,
        ]
    }
}
