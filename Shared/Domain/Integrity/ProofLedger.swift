// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A stream of records: what one feed publishes of one symbol on one topic.
public struct ProofStream: Hashable, Sendable, Comparable {
    /// The feed's instance name.
    public var feed: String
    /// The topic.
    public var topic: String
    /// The venue.
    public var venue: String
    /// The canonical symbol.
    public var symbol: String

    /// Names a stream.
    public init(feed: String, topic: String, venue: String, symbol: String) {
        self.feed = feed
        self.topic = topic
        self.venue = venue
        self.symbol = symbol
    }

    /// By feed, topic and symbol.
    public static func < (left: ProofStream, right: ProofStream) -> Bool {
        (left.feed, left.topic, left.symbol, left.venue) < (
            right.feed, right.topic, right.symbol, right.venue
        )
    }
}

/// Something that a feed says happened.
public struct ProofIncident: Hashable, Sendable {
    /// The feed from which a stream was taken over; nil for all else.
    public var feed: String?
    /// When.
    ///
    /// Unit: microseconds since the Unix epoch.
    public var at: Int64
    /// The symbol that it concerns; nil: all of a connection.
    public var symbol: String?
    /// What, and what a person wants to know beyond that.
    public var text: String

    /// Notes an incident.
    public init(at: Int64, symbol: String?, text: String, from feed: String? = nil) {
        self.feed = feed
        self.at = at
        self.symbol = symbol
        self.text = text
    }
}

/// What a topic's records and the feeds' own accounts prove about completeness.
///
/// Records are noted in the order of their partitions, accounts whenever they come; the verdicts are asked for when
/// everything was read.
public struct ProofLedger: Sendable {
    /// What is known of a stream: its incarnations by their beginning.
    public typealias Epochs = [Int64: EpochProof]

    /// Whether the reading began where the topics begin, so that first numbers must be there too.
    public let fromFirst: Bool
    /// All streams that were read or are spoken of.
    public private(set) var streams: [ProofStream: Epochs] = [:]

    private var incidents: [String: [ProofIncident]] = [:]
    private var repaired: [ProofStream: UInt64] = [:]
    private var missed: [ProofStream: [ProofIncident]] = [:]
    private var accounts: [ProofStream: [Int64: UInt64]] = [:]
    /// What feeds say that they took over from others.
    private(set) var takeovers: [ProofStream: [ProofIncident]] = [:]

    /// A ledger in which nothing stands.
    public init(fromFirst: Bool) {
        self.fromFirst = fromFirst
    }

    /// Notes a record.
    ///
    /// `published` in microseconds since the Unix epoch.
    public mutating func note(_ stream: ProofStream, epoch: Int64, seq: UInt64, published: Int64) {
        _ = streams[stream, default: [:]][epoch, default: EpochProof()].note(seq, published: published)
    }

    /// A feed says that it gave out these numbers.
    public mutating func announce(_ stream: ProofStream, epoch: Int64, given range: ClosedRange<UInt64>) {
        streams[stream, default: [:]][epoch, default: EpochProof()].announce(given: range)
    }

    /// A feed says that it gave out numbers up to this one; those before may still be on their way.
    public mutating func announce(_ stream: ProofStream, epoch: Int64, accounted number: UInt64) {
        accounts[stream, default: [:]][epoch, default: 0] = max(accounts[stream]?[epoch] ?? 0, number)
    }

    /// A feed says that these numbers will never be read.
    public mutating func announce(
        _ stream: ProofStream,
        epoch: Int64,
        hole range: ClosedRange<UInt64>,
        reason: String
    ) {
        streams[stream, default: [:]][epoch, default: EpochProof()].announce(hole: range, reason: reason)
    }

    /// A feed says that so many records are late: what they tell was missed when it happened.
    public mutating func announce(_ stream: ProofStream, repaired count: UInt64) {
        repaired[stream, default: 0] &+= count
    }

    /// A feed says that it missed what it could not get afterwards.
    public mutating func announce(_ stream: ProofStream, missed incident: ProofIncident) {
        missed[stream, default: []].append(incident)
    }

    /// Whether the feed knew of the last record that was read of an incarnation when it last gave account.
    func isAccounted(_ stream: ProofStream, _ epoch: Int64, _ proof: EpochProof) -> Bool {
        proof.isAccounted || (accounts[stream]?[epoch] ?? 0) >= proof.last
    }

    /// A feed says that it took a stream over from one that fell silent.
    public mutating func announce(_ stream: ProofStream, takenOver incident: ProofIncident) {
        takeovers[stream, default: []].append(incident)
    }

    /// A feed says what happened.
    public mutating func announce(_ incident: ProofIncident, of feed: String) {
        incidents[feed, default: []].append(incident)
    }

    /// The verdicts of all streams, in order.
    public func findings() -> [StreamFinding] {
        let uncovered = uncovered()
        return Set(streams.keys).union(missed.keys).sorted().map { stream in
            var finding = finding(stream)
            finding.uncovered = uncovered[stream] ?? []
            return finding
        }
    }

    private func finding(_ stream: ProofStream) -> StreamFinding {
        let epochs = streams[stream] ?? [:]
        let order = epochs.keys.sorted()
        var finding = StreamFinding(stream: stream)
        finding.repaired = repaired[stream] ?? 0
        finding.missed = missed[stream] ?? []
        for (place, epoch) in order.enumerated() {
            guard let proof = epochs[epoch] else { continue }
            finding.records += proof.records
            finding.duplicates += proof.duplicates
            finding.disordered += proof.disordered
            // Of a reading that begins in the middle, only later incarnations were read from their first number on.
            let isWhole = fromFirst || place > 0
            finding.holes += proof.holes(fromFirst: isWhole).map { .init(epoch: epoch, hole: $0) }
            guard place + 1 < order.count, proof.records > 0 else { continue }
            finding.pauses.append(pause(stream, proof, until: order[place + 1]))
        }
        finding.epochs = order.count
        return finding
    }

    /// The time between two incarnations, and what the feed says about it.
    private func pause(_ stream: ProofStream, _ proof: EpochProof, until next: Int64) -> StreamFinding.Pause {
        let slack: Int64 = 1_000_000
        let cause = incidents[stream.feed]?.first { incident in
            incident.at >= proof.lastPublished - slack && incident.at <= next + slack
                && (incident.symbol == nil || incident.symbol == stream.symbol)
        }
        let died = proof.isAccounted ? nil : "the feed ended without accounting for its last records"
        return StreamFinding.Pause(from: proof.lastPublished, to: next, cause: cause?.text ?? died)
    }
}

/// What is proven about one stream.
public struct StreamFinding: Sendable {
    /// A hole and the incarnation that it is in.
    public struct EpochHole: Hashable, Sendable {
        /// The incarnation.
        public var epoch: Int64
        /// The hole.
        public var hole: EpochProof.Hole
    }

    /// The time from one incarnation's last record to the next one's beginning.
    public struct Pause: Hashable, Sendable {
        /// When the last record was published.
        ///
        /// Unit: microseconds since the Unix epoch.
        public var from: Int64
        /// When the next incarnation began.
        ///
        /// Unit: microseconds since the Unix epoch.
        public var to: Int64
        /// Why; nil where the feed says nothing.
        public var cause: String?
    }

    /// The time from the last record of one feed's stream to the beginning of another feed's, of the same symbol.
    public struct Uncovered: Hashable, Sendable {
        /// The feed whose stream ended.
        public var feed: String
        /// When its last record was published.
        ///
        /// Unit: microseconds since the Unix epoch.
        public var from: Int64
        /// When the next feed's stream began.
        ///
        /// Unit: microseconds since the Unix epoch.
        public var to: Int64
        /// Whether the feed accounted for its last record: it let go in order, and nothing is missing that it knew of.
        public var isInOrder: Bool
        /// Why; nil where nobody says it.
        public var cause: String?
    }

    /// The stream.
    public var stream: ProofStream
    /// How many incarnations it had.
    public var epochs = 0
    /// How many different records were read.
    public var records: UInt64 = 0
    /// Records that were read more than once.
    public var duplicates: UInt64 = 0
    /// Records that came behind later ones.
    public var disordered: UInt64 = 0
    /// Records that were published late, because they were missed when they happened.
    public var repaired: UInt64 = 0
    /// What the feed says that it missed and could not get afterwards.
    public var missed: [ProofIncident] = []
    /// What is missing.
    public var holes: [EpochHole] = []
    /// When it did not flow.
    public var pauses: [Pause] = []
    /// When no feed's records were there, before this feed took over.
    public var uncovered: [Uncovered] = []

    /// Nothing is known of the stream yet.
    public init(stream: ProofStream) {
        self.stream = stream
    }

    /// Whether every hole is explained and nothing came twice or in disorder.
    public var isExplained: Bool {
        duplicates == 0 && disordered == 0 && !holes.contains { $0.hole.reason == nil }
            && !uncovered.contains { $0.cause == nil }
    }
    /// Whether nothing is missing at all.
    public var isComplete: Bool {
        isExplained && holes.isEmpty && missed.isEmpty && uncovered.allSatisfy(\.isInOrder)
    }
}
