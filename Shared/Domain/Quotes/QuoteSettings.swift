// Part of MarketBus. Apache License 2.0, see LICENSE.

/// The limits of a ``QuoteTable``.
public struct QuoteSettings: Sendable {
    /// The age above which a leg no longer counts, in microseconds.
    public var legMaxAgeMicroseconds: Int64
    /// However fast a stream usually is, its leg counts for this long without a word, in microseconds; nil: the usual
    /// does not matter, only the age above.
    public var legMinAgeMicroseconds: Int64?
    /// A feed that has said nothing for longer is not believed, in microseconds; 0: nobody listens for it.
    public var heartbeatMicroseconds: Int64
    /// The most symbols that are taken, and the most feeds.
    public var maximumSymbols: Int
    /// How many gaps of a leg must have been seen before its habits count.
    public var samples: UInt32
    /// Through which markets quotes in one currency join those in another.
    public var conversions: [Conversion]

    /// Makes settings.
    public init(
        legMaxAgeMicroseconds: Int64 = 30_000_000,
        legMinAgeMicroseconds: Int64? = nil,
        heartbeatMicroseconds: Int64 = 0,
        maximumSymbols: Int = 100_000,
        samples: UInt32 = 1000,
        conversions: [Conversion] = []
    ) {
        self.legMaxAgeMicroseconds = legMaxAgeMicroseconds
        self.legMinAgeMicroseconds = legMinAgeMicroseconds
        self.heartbeatMicroseconds = heartbeatMicroseconds
        self.maximumSymbols = maximumSymbols
        self.samples = samples
        self.conversions = conversions
    }
}
