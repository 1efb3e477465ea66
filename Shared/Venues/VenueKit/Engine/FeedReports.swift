// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Observability
import Wire

/// What a feed says about itself: status, integrity, readiness and gauges.
///
/// - Thread: that of the feed.
final class FeedReports {
    static let statusMilliseconds: Int64 = 10_000
    static let changeMilliseconds: Int64 = 250
    static let minuteMilliseconds: Int64 = 60_000
    static let counterMilliseconds: Int64 = 200

    var ledger: IntegrityLedger
    let publisher: RecordPublisher
    /// Whether the status changed since it was published.
    var isChanged = true
    /// Whether readers should know at once which numbers were the last of streams.
    var isAccountDue = false
    var deadLetters: UInt64 = 0
    private let feed: String
    private let venue: VenueID
    private let readiness: Readiness
    private let check: ReadinessCheck
    private var frames: UInt64 = 0
    /// Of connections whose numbers others have by now.
    private var reconnects: UInt64 = 0
    private var statusAt: MonotonicNanos
    private var countersAt: MonotonicNanos
    private var minuteAt: MonotonicNanos
    private var wasLive = false
    /// When the last statuses were made, by which the feed knows its own words among those of its name.
    private(set) var statusTimes: [Int64] = []
    private static let statusMemory = 256
    private var seen: [ObjectIdentifier: Seen] = [:]

    /// What was last seen of a stream's counts.
    private struct Seen {
        var records: UInt64 = 0
        var duplicates: UInt64 = 0
        var regressions: UInt64 = 0
        var announced = MonotonicNanos(.min)
    }

    init(
        feed: String,
        venue: VenueID,
        publisher: RecordPublisher,
        readiness: Readiness,
        now: Int64,
        since: MonotonicNanos
    ) {
        self.feed = feed
        self.venue = venue
        self.publisher = publisher
        self.readiness = readiness
        check = readiness.check("venue", "instruments are being read")
        ledger = IntegrityLedger(feed: feed, now: now)
        statusAt = MonotonicNanos(.min)
        countersAt = since
        minuteAt = since.advanced(milliseconds: Self.minuteMilliseconds)
    }

    func publishIfDue(_ engine: FeedEngine, _ now: MonotonicNanos) {
        if now >= countersAt {
            countersAt = now.advanced(milliseconds: Self.counterMilliseconds)
            count(engine, now)
        }
        if ledger.hasNews { publishNews(engine) }
        if now >= minuteAt || ledger.isFull || isAccountDue {
            isAccountDue = false
            minuteAt = now.advanced(milliseconds: Self.minuteMilliseconds)
            engine.announceDroppedDeadLetters()
            publishMinute(engine)
        }
        let least = isChanged ? Self.pause(streams: engine.pipeline.slots.count) : Self.statusMilliseconds
        if statusAt.value == .min || now >= statusAt.advanced(milliseconds: least) {
            statusAt = now
            isChanged = false
            publishStatus(engine)
        }
    }

    /// The shortest time between two statuses: what a status costs grows with its streams.
    ///
    /// - Unit: milliseconds.
    private static func pause(streams: Int) -> Int64 { max(changeMilliseconds, Int64(streams / 4)) }

    /// Everything once more, at the end.
    func publishLast(_ engine: FeedEngine, _ now: MonotonicNanos) {
        count(engine, now)
        engine.announceDroppedDeadLetters()
        publishNews(engine)
        publishMinute(engine)
        publishStatus(engine)
    }

    private func publishNews(_ engine: FeedEngine) {
        for record in ledger.takeNews(engine.clock.wall.microseconds) { publisher.publish(record) }
    }

    private func publishMinute(_ engine: FeedEngine) {
        for record in ledger.takeMinute(engine.pipeline.slots, engine.clock.wall.microseconds) {
            publisher.publish(record)
        }
    }
}

// MARK: Counters

extension FeedReports {
    /// Another connection takes this one's number.
    func retire(_ connection: FeedConnection, _ metrics: FeedMetrics) {
        take(connection, metrics)
        reconnects &+= max(connection.openedBefore &+ connection.session.connections, 1) - 1
    }

    private func take(_ connection: FeedConnection, _ metrics: FeedMetrics) {
        frames &+= connection.frames
        metrics.frames.add(connection.frames)
        metrics.bytes.add(connection.bytes)
        metrics.ignored.add(connection.ignored)
        metrics.strays.add(connection.strays)
        connection.frames = 0
        connection.bytes = 0
        connection.ignored = 0
        connection.strays = 0
    }

    /// Takes what the hot path counted into the metrics.
    private func count(_ engine: FeedEngine, _ now: MonotonicNanos) {
        let metrics = engine.metrics
        for connection in engine.everyConnection { take(connection, metrics) }
        for slot in engine.pipeline.slots {
            var last = seen[ObjectIdentifier(slot)] ?? Seen()
            let records = ledger.total(slot)
            metrics.countRecords(slot.label.topic, records &- last.records)
            metrics.duplicates.add(slot.duplicates &- last.duplicates)
            metrics.regressions.add(slot.regressions &- last.regressions)
            if slot.regressions != last.regressions,
                last.announced.value == .min || now - last.announced > 60_000_000_000
            {
                let count = slot.regressions &- last.regressions
                let incident = Incident(.sequenceRegression, "\(count) quotes with a lower venue sequence")
                engine.announce(incident, topic: slot.label.topic, symbol: slot.label.symbol)
                last.announced = now
            }
            last.records = records
            last.duplicates = slot.duplicates
            last.regressions = slot.regressions
            seen[ObjectIdentifier(slot)] = last
        }
    }
}

// MARK: Status

extension FeedReports {
    private func publishStatus(_ engine: FeedEngine) {
        let carrying = engine.carrying
        let polled = engine.repairs.polled
        let streams =
            carrying.flatMap { status(of: $0, engine) }
            + polled.compactMap { status(of: $0.slot, $0.slot.channel, $0.state, nil) }
            + engine.rejections.flatMap(\.status)
        var counts: [StreamState: Int] = polled.reduce(into: [:]) { $0[$1.state, default: 0] += 1 }
        for connection in carrying {
            for place in 0..<connection.session.count
            where !connection.session.stream(place).isReference {
                counts[connection.session.streamState(place), default: 0] += 1
            }
        }
        let live = counts[.live] ?? 0
        let isWhole = engine.isPlanned && live == streams.count
        engine.metrics.set(counts)
        engine.metrics.openConnections.set(carrying.count { $0.session.state == .open })
        wasLive = wasLive || isWhole
        setReadiness(engine, live: live, wanted: streams.count)
        let now = engine.clock.wall.microseconds
        statusTimes.append(now)
        if statusTimes.count > Self.statusMemory { statusTimes.removeFirst() }
        let record =
            FeedStatusRecord(
                feed: feed,
                venue: venue.name,
                publishedMicroseconds: now,
                state: engine.isStopping ? .stopping : isWhole ? .live : wasLive ? .degraded : .starting,
                ready: readiness.isReady,
                connections: engine.isStopping
                    ? engine.connections.map(\.status)
                    : engine.everyConnection.filter { $0.session.state != .stopped }.map(\.status),
                streams: streams,
                totals: FeedStatusRecord.Totals(
                    frames: frames,
                    records: engine.pipeline.records,
                    deadLetters: deadLetters,
                    reconnects: engine.connections.reduce(reconnects) {
                        $0 + max($1.openedBefore + $1.session.connections, 1) - 1
                    }
                ),
                share: engine.share
            )
        publisher.publish(record)
        // The names of feeds that share symbols come and go with their containers: none is to be looked for later.
        if engine.isStopping, record.share != nil { publisher.retract(record) }
    }

    private func setReadiness(_ engine: FeedEngine, live: Int, wanted: Int) {
        let carrying = engine.carrying
        if engine.isStopping {
            check.set(false, "stopping")
        } else if !engine.areSharesKnown {
            check.set(false, "waiting for the group of the venue's feeds")
        } else if !engine.isPlanned {
            let problem = engine.loads.problem
            check.set(false, problem.isEmpty ? "waiting for kafka" : "waiting for instruments: \(problem)")
        } else if carrying.isEmpty {
            check.set(true, "no stream is wanted" + engine.shareWords)
        } else {
            // A connection of which the venue refused everything has nothing to say, unless all are such.
            let able = carrying.filter { !$0.isRefused }
            let open = carrying.count { $0.session.state == .open }
            check.set(
                !able.isEmpty && able.allSatisfy(\.isSpeaking),
                "\(live) of \(wanted) streams live, \(open) of \(carrying.count) connections open"
                    + engine.shareWords
            )
        }
    }

    private func status(of connection: FeedConnection, _ engine: FeedEngine) -> [FeedStatusRecord.Stream] {
        (0..<connection.session.count).compactMap { place in
            let stream = connection.session.stream(place)
            guard !stream.isReference else { return nil }
            let slot = engine.pipeline.slot(stream.instrument, stream.channel)
            let state = connection.session.streamState(place)
            return status(of: slot, stream.channel, state, connection.troubles[place])
        }
    }

    private func status(
        of slot: StreamSlot,
        _ channel: Channel,
        _ state: StreamState,
        _ trouble: String?
    ) -> FeedStatusRecord.Stream? {
        guard let state = Self.state(state, slot) else { return nil }
        return FeedStatusRecord.Stream(
            symbol: slot.label.symbol,
            venueSymbol: slot.label.venueSymbol,
            channel: channel.name,
            state: state,
            detail: trouble.map { String($0.prefix(200)) },
            epoch: max(slot.label.epoch, 0),
            lastSeq: slot.lastSeq,
            lastMessageMicroseconds: slot.lastReceivedMicroseconds == 0
                ? EventTime.none : slot.lastReceivedMicroseconds,
            records: ledger.total(slot)
        )
    }

    private static func state(_ state: StreamState, _ slot: StreamSlot) -> FeedStatusRecord.StreamState? {
        switch state {
        case .waiting: slot.label.epoch <= 0 ? .pending : .invalid
        case .pending: .pending
        case .confirmed: .confirmed
        case .live: .live
        case .silent: .stale
        case .refused: .refused
        case .ended: nil
        }
    }
}

extension Rejection {
    /// Its part of the status: streams that are not to be had.
    var status: [FeedStatusRecord.Stream] {
        channels.map { channel in
            FeedStatusRecord.Stream(
                symbol: symbol,
                venueSymbol: venueSymbol,
                channel: channel.name,
                state: .refused,
                detail: String(detail.prefix(200)),
                epoch: 0,
                lastSeq: 0,
                lastMessageMicroseconds: EventTime.none,
                records: 0
            )
        }
    }
}

extension FeedConnection {
    /// Its part of the status.
    var status: FeedStatusRecord.Connection {
        FeedStatusRecord.Connection(
            id: name,
            endpoint: endpoint.name,
            state: statusState,
            sinceMicroseconds: stateSince,
            streams: Int64((0..<session.count).count { session.streamState($0) != .ended })
        )
    }

    private var statusState: String {
        guard let handOver, session.state == .open else { return session.state.rawValue }
        return handOver.old === self ? "handing_over" : "taking_over"
    }

    /// Whether the venue serves at least one of its streams.
    var isSpeaking: Bool {
        guard session.state == .open else { return false }
        return (0..<session.count).contains { place in
            session.streamState(place) == .live || session.streamState(place) == .confirmed
        }
    }

    /// Whether the venue gives none of its streams.
    var isRefused: Bool {
        (0..<session.count).allSatisfy { place in
            session.streamState(place) == .refused || session.streamState(place) == .ended
        }
    }

    /// The topics of its streams.
    var topics: [TopicID] {
        let wanted = (0..<session.count).filter { session.streamState($0) != .ended }
        let channels = Set(wanted.map { session.stream($0).channel })
        return channels.map(\.topic).sorted { $0.index < $1.index }
    }
}
