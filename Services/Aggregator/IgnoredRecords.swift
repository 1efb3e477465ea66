// Part of MarketBus. Apache License 2.0, see LICENSE.

import Observability
import Wire

/// Why a record, or an instrument that it is about, has no part in what is published.
enum IgnoredClass: String, CaseIterable {
    /// It has no value, where that means nothing.
    case tombstone
    /// It can't be read; its bytes are a dead letter.
    case undecodable
    /// A name is empty, too long, no name, or one too many.
    case badName = "bad_name"
    /// It was sent by another symbol than its own.
    case wrongKey = "wrong_key"
    /// Its venue is none of `aggregator.venues`.
    case unknownVenue = "unknown_venue"
    /// A price, size, fee or mark can't be true.
    case absurd
    /// Its feed's clock is far ahead.
    case clockAhead = "clock_ahead"
    /// It was too old to count when it came.
    case late
    /// A book's record does not follow the one before.
    case brokenBook = "broken_book"
    /// Nobody described its instrument, or it can't be traded: it is in no opportunity.
    case noInstrument = "no_instrument"
    /// An opportunity that would earn more than can be true.
    case implausible

    /// What a person is told.
    var meaning: String {
        switch self {
        case .tombstone: "no value"
        case .undecodable: "can't be read: see sys.dead_letter.v1"
        case .badName: "a name is empty, too long, no name, or one too many"
        case .wrongKey: "the key is not the record's symbol"
        case .unknownVenue: "a venue that is none of aggregator.venues"
        case .absurd: "a price, size or fee can't be true"
        case .clockAhead: "the feed's clock is more than five minutes ahead"
        case .late: "too old to count"
        case .brokenBook:
            "does not follow the record before, or makes no sense: the book waits for a snapshot"
        case .noInstrument: "no tradable instrument in ref.instrument.v1, or no fee: in no opportunity"
        case .implausible: "an edge above arbitrage.max_edge_bps"
        }
    }
}

/// Counts what was ignored, and tells it in `sys.integrity.v1`: of each class at most one incident in an interval, however
/// much there is.
///
/// - Thread: the aggregator's. Allocates: for the first of a class in an interval.
final class IgnoredRecords {
    /// The first of its class since the last incident.
    struct Example {
        var topic: TopicID
        var symbol: String?
        var venue: String
    }

    private struct State {
        var count: UInt64 = 0
        var since = Int64.min
        var example: Example?
        var toldMicroseconds: Int64?
    }

    private let instance: String
    private let interval: Int64
    private let counters: [Counter]
    private let logger: Logger
    private var states: [State]
    private var isWaiting = false

    init(instance: String, intervalMicroseconds: Int64, counters: [Counter], logger: Logger) {
        self.instance = instance
        self.counters = counters
        self.logger = logger
        interval = intervalMicroseconds
        states = Array(repeating: State(), count: IgnoredClass.allCases.count)
    }

    /// Notes one; the example is asked for where there is none yet.
    func note(
        _ what: IgnoredClass,
        count: UInt64 = 1,
        _ example: @autoclosure () -> Example,
        now: Int64
    ) {
        guard let place = IgnoredClass.allCases.firstIndex(of: what), count > 0 else { return }
        counters[place].add(count)
        if states[place].count == 0 {
            states[place].example = example()
            states[place].since = now
            isWaiting = true
        }
        states[place].count &+= count
    }

    /// Tells what is due.
    ///
    /// - Parameters:
    ///   - publisher: who publishes it.
    ///   - now: the time. Unit: microseconds since the Unix epoch.
    ///   - isStill: whether what has to last an interval before it is told is still so.
    func report(with publisher: RecordPublisher, now: Int64, isStill: (Example) -> Bool) {
        guard isWaiting else { return }
        isWaiting = false
        for (place, what) in IgnoredClass.allCases.enumerated() where states[place].count > 0 {
            // An instrument may be described a moment after its first quote.
            let since = what == .noInstrument ? states[place].since : states[place].toldMicroseconds
            if let since, now &- since < interval {
                isWaiting = true
                continue
            }
            let state = states[place]
            states[place] = State(toldMicroseconds: now)
            guard let example = state.example, what != .noInstrument || isStill(example) else { continue }
            tell(what, state, example, with: publisher, now)
        }
    }

    private func tell(
        _ what: IgnoredClass,
        _ state: State,
        _ example: Example,
        with publisher: RecordPublisher,
        _ now: Int64
    ) {
        let detail = "\(state.count) ignored: \(what.meaning)"
        logger.warning(
            "records.ignored",
            [
                "class": .string(what.rawValue), "count": LogValue(state.count),
                "venue": .string(example.venue), "symbol": .string(example.symbol ?? ""),
            ]
        )
        publisher.publish(
            IntegrityRecord(
                feed: instance,
                topicName: TopicRegistry.spec(of: example.topic).name,
                publishedMicroseconds: now,
                kind: .incident,
                fromMicroseconds: state.since,
                toMicroseconds: now,
                streams: [],
                holes: [],
                incidents: [
                    IntegrityRecord.Incident(
                        atMicroseconds: state.since,
                        venue: example.venue,
                        symbol: example.symbol,
                        stream: nil,
                        kind: "ignored_\(what.rawValue)",
                        detail: detail
                    )
                ]
            )
        )
    }
}
