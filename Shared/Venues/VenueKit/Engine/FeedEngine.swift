// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Observability
import Wire

/// One venue's feed: instruments, connections, pipeline and reports, all on one thread.
///
/// Frames go from the socket through the decoder and the pipeline to the output without leaving that thread.
///
/// - Thread: that of the feed, for everything.
final class FeedEngine {
    let venue: any Venue
    let profile: VenueProfile
    let settings: FeedSettings
    let transport: any FeedTransport
    let clock: any TimeSource
    let logger: Logger
    let metrics: FeedMetrics
    let pipeline: StreamPipeline
    var directory = InstrumentDirectory()
    var governor: ConnectionGovernor
    private(set) var connections: [FeedConnection] = []
    let loads: InstrumentLoads
    let queries: QueryDesk
    let books: FeedBooks
    let reports: FeedReports

    private let output: any FeedOutput
    private let isSystemClock: Bool
    private let fail: (ExitCode, String) -> Void
    private var deadLetters = DeadLetterOffice()
    private var isPlanned = false
    private(set) var isStopping = false
    private var serviceAt: MonotonicNanos
    /// Takes everything that is read and said.
    var tape: FrameTape?
    /// Told when ``tickMilliseconds`` may have become shorter.
    var onChange: () -> Void = {}

    /// Makes an engine; `fail` ends the service, for a wrong configuration.
    init(
        venue: any Venue,
        settings: FeedSettings,
        output: any FeedOutput,
        transport: any FeedTransport,
        instruments: any InstrumentSource,
        queries: (any QueryTransport)? = nil,
        observability: Observability,
        clock: any TimeSource = SystemClock(),
        fail: @escaping (ExitCode, String) -> Void
    ) {
        self.venue = venue
        profile = venue.profile
        self.settings = settings
        self.output = output
        self.transport = transport
        self.clock = clock
        self.fail = fail
        isSystemClock = clock is SystemClock
        serviceAt = clock.monotonic
        logger = observability.logger
        metrics = FeedMetrics(observability.metrics)
        governor = ConnectionGovernor(profile.connectionLimit)
        pipeline = StreamPipeline(feed: settings.instance, instruments: directory.table, sink: output)
        self.queries = QueryDesk(queries)
        books = FeedBooks(
            BookKeeper(
                venue: venue,
                instruments: directory.table,
                pipeline: pipeline,
                settings: settings.books
            ),
            seed: settings.seed,
            now: clock.monotonic
        )
        loads = InstrumentLoads(
            venue.instrumentCalls(markets: settings.markets),
            source: instruments,
            settings: settings
        )
        reports = FeedReports(
            feed: settings.instance,
            venue: type(of: venue).id,
            publisher: RecordPublisher(sink: output),
            readiness: observability.readiness,
            now: clock.wall.microseconds,
            since: clock.monotonic
        )
        pipeline.delegate = self
        books.engine = self
    }

    /// Begins: the instruments are asked for.
    func begin() {
        tick()
    }

    /// Does what is due; called after ``tickMilliseconds``.
    func tick() {
        guard !isStopping else { return }
        let now = clock.monotonic
        planIfPossible()
        for connection in connections { connection.timeout(now) }
        openConnections(now)
        loads.askIfDue(self, now)
        books.tick(now)
        if now >= serviceAt {
            serviceAt = now.advanced(milliseconds: 200)
            output.serviceHeldRecords()
        }
        reports.publishIfDue(self, now)
    }

    /// Stops reading, says of all quotes that they hold no longer, and closes the books.
    func shutdown() {
        guard !isStopping else { return }
        let now = clock.monotonic
        for connection in connections { connection.shutdown(now) }
        isStopping = true
        output.serviceHeldRecords()
        reports.publishLast(self, now)
    }

    /// Opens as many connections as the venue allows now.
    func openConnections(_ now: MonotonicNanos) {
        while let next = governor.next(now) { connections[next].connect(now) }
    }

    /// The status is to be published soon, and what the sessions asked for meanwhile is done.
    func somethingChanged() {
        reports.isChanged = true
        guard !isStopping else { return }
        openConnections(clock.monotonic)
        onChange()
    }

    /// When ``tick()`` wants to be called next: at the first deadline, and at least four times a second.
    ///
    /// - Unit: milliseconds from now.
    var tickMilliseconds: Int {
        guard isPlanned else { return 10 }
        let now = clock.monotonic
        var next = min(governor.deadline(now), books.deadline(now), now.advanced(milliseconds: 250))
        for connection in connections { next = min(next, connection.session.deadline) }
        return max(Int(next.millisecondsLeft(since: now)), 1)
    }
}

// MARK: Events

extension FeedEngine: StreamPipelineDelegate {
    /// Publishes a frame's events.
    @inline(__always)
    func publish(_ batch: borrowing EventBatch, received: Int64) {
        let now = isSystemClock ? WallNanos.now.microseconds : clock.wall.microseconds
        pipeline.publish(batch, epoch: received, received: received, published: now)
        if batch.hasMore { books.take(batch, received: received, published: now) }
    }

    /// Notes a stream's new epoch.
    func streamDidBegin(_ slot: StreamSlot) {
        reports.ledger.began(slot)
        reports.isChanged = true
    }

    /// Ends a stream's epoch: its quotes are invalidated at once.
    func end(_ stream: VenueStream, _ reason: InvalidReason) {
        guard !stream.isReference else { return }
        let slot = pipeline.slot(stream.instrument, stream.channel)
        let isFromBook = books.end(stream, reason)
        guard slot.isOpen else { return }
        if isFromBook {
            pipeline.abandon(slot)
        } else {
            pipeline.end(slot, reason, now: clock.wall.microseconds)
        }
        reports.ledger.ended(slot)
    }

    /// Records of a stream are lost for good.
    func lost(_ report: LossReport) {
        guard let found = pipeline.stream(of: report.stream) else { return }
        reports.ledger.lost(report, of: found.slot)
    }

    /// A frame could not be read.
    func undecodable(
        _ frame: UnsafeRawBufferPointer,
        _ error: DecodeError,
        from connection: FeedConnection,
        received: Int64,
        _ now: MonotonicNanos
    ) {
        metrics.deadLetters.add()
        metrics.countDecodeError(error.reason)
        reports.deadLetters &+= 1
        guard deadLetters.admits(now) else { return metrics.deadLettersDropped.add() }
        reports.publisher.publish(
            DeadLetterRecord(
                source: "\(settings.instance):\(connection.name)",
                venue: type(of: venue).id.name,
                feed: settings.instance,
                atMicroseconds: received,
                reason: error.reason,
                detail: error.detail,
                connection: connection.name,
                frame: frame
            )
        )
    }

    /// Says how many dead letters were not published, if any.
    func announceDroppedDeadLetters() {
        let dropped = deadLetters.takeDropped()
        guard dropped > 0 else { return }
        let limit = DeadLetterOffice.perMinute
        announce(
            Incident(.deadLettersDropped, "\(dropped) beyond \(limit) a minute"),
            topic: TopicRegistry.deadLetter
        )
    }
}

// MARK: Incidents

extension FeedEngine {
    /// Announces what happened to a connection or one of its streams.
    func announce(_ incident: Incident, _ connection: FeedConnection, _ stream: VenueStream?) {
        let symbol = stream.map(symbol(of:))
        logger.warning(
            "feed.incident",
            [
                "kind": .string(incident.kind.rawValue), "connection": .string(connection.name),
                "symbol": .string(symbol ?? ""), "channel": .string(stream?.channel.name ?? ""),
                "detail": .string(incident.detail),
            ]
        )
        metrics.count(incident.kind)
        let topics = stream.map { [$0.channel.topic] } ?? connection.topics
        for topic in topics {
            reports.ledger.incident(record(incident, symbol, stream?.venueSymbol ?? connection.name), topic)
        }
    }

    /// Ends the service: only another configuration can help.
    func giveUp(_ connection: FeedConnection, _ detail: String) {
        let id = type(of: venue).id.name
        fail(.configuration, "\(id) refuses the connection \(connection.name): \(detail)")
    }

    /// Announces what happened to a stream's order, an instrument, or a report.
    func announce(_ incident: Incident, topic: TopicID, symbol: String? = nil) {
        logger.warning(
            "feed.incident",
            [
                "kind": .string(incident.kind.rawValue), "symbol": .string(symbol ?? ""),
                "detail": .string(incident.detail),
            ]
        )
        metrics.count(incident.kind)
        reports.ledger.incident(record(incident, symbol, nil), topic)
    }

    /// Publishes what happened as planned; counted, and logged without alarm.
    func note(_ incident: Incident, _ channel: Channel, _ symbol: String) {
        logger.info(
            "feed.note",
            [
                "kind": .string(incident.kind.rawValue), "symbol": .string(symbol),
                "text": .string(incident.detail),
            ]
        )
        metrics.count(incident.kind)
        reports.ledger.incident(record(incident, symbol, nil), channel.topic)
    }

    /// The canonical symbol of a stream.
    func symbol(of stream: VenueStream) -> String { directory.table[stream.instrument].symbol }

    private func record(
        _ incident: Incident,
        _ symbol: String?,
        _ stream: String?
    ) -> IntegrityRecord.Incident {
        IntegrityRecord.Incident(
            atMicroseconds: clock.wall.microseconds,
            venue: type(of: venue).id.name,
            symbol: symbol,
            stream: stream,
            kind: incident.kind.rawValue,
            detail: incident.detail
        )
    }
}

// MARK: Streams

extension FeedEngine {
    /// Makes the connections as soon as every symbol is known, or every market has answered.
    func planIfPossible() {
        guard !isPlanned, !isStopping, !directory.markets.isEmpty, output.isReady else { return }
        let (found, unknown) = directory.resolve(settings.symbols)
        guard unknown.isEmpty || directory.markets.isSuperset(of: settings.markets) else { return }
        isPlanned = true
        guard unknown.isEmpty || !settings.areSymbolsChosen else { return refuse(unknown) }
        guard !found.isEmpty else { return refuse(settings.symbols) }
        plan(found)
        let now = clock.monotonic
        for connection in connections { connection.begin(now) }
    }

    private func plan(_ instruments: [InstrumentID]) {
        var streams: [(stream: VenueStream, endpoint: String)] = []
        for id in instruments {
            let instrument = directory.table[id]
            for channel in settings.channels {
                guard let endpoint = venue.endpoint(for: channel, of: instrument) else {
                    logger.warning(
                        "feed.no_such_stream",
                        ["symbol": .string(instrument.symbol), "channel": .string(channel.name)]
                    )
                    continue
                }
                for interval in settings.intervals(of: channel) {
                    let stream = VenueStream(
                        instrument: id,
                        venueSymbol: instrument.venueSymbol,
                        channel: channel,
                        market: instrument.market,
                        interval: interval
                    )
                    streams.append((stream, endpoint))
                    books.want(stream)
                }
                if let endpoint = venue.referenceEndpoint(for: channel, of: instrument) {
                    let stream = VenueStream(
                        instrument: id,
                        venueSymbol: instrument.venueSymbol,
                        channel: channel,
                        market: instrument.market,
                        isReference: true
                    )
                    streams.append((stream, endpoint))
                }
            }
            if instrument.status != .trading {
                let detail = "the venue lists it as \(instrument.status.rawValue)"
                announce(
                    Incident(.delisted, detail),
                    topic: TopicRegistry.instrument,
                    symbol: instrument.symbol
                )
            }
        }
        let plans = ConnectionPlanner.plan(
            streams,
            streamsPerConnection: profile.streamsPerConnection,
            mixesMarkets: profile.mixesMarkets
        )
        for plan in plans {
            guard let endpoint = settings.endpoint(plan.endpoint, in: profile) else { continue }
            connections.append(FeedConnection(connections.count, plan, endpoint, engine: self))
        }
        logger.info(
            "feed.planned",
            ["streams": LogValue(streams.count), "connections": LogValue(connections.count)]
        )
    }

    private func refuse(_ symbols: [String]) {
        let id = type(of: venue).id.name
        let lines = symbols.map { symbol in
            let nearest = directory.explain(symbol).nearest
            let mend =
                nearest.isEmpty
                ? "no listed symbol looks like it" : "did you mean \(nearest.joined(separator: ", "))?"
            return
                "venues.\(id).symbols: \(id) does not list \(symbol) in \(settings.markets.map(\.name)); \(mend)"
        }
        fail(.configuration, lines.joined(separator: "\n"))
    }
}
