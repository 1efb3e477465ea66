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
    /// The connections in charge, each at the place of its number.
    var connections: [FeedConnection] = []
    /// The connections that get a successor, by number.
    var handOvers: [Int: HandOver] = [:]
    var planner: ConnectionPlanner
    var wanted: WantedSymbols
    /// What was asked for while running and can't be had, and what of it was announced.
    var rejections: [Rejection] = []
    var announced: Set<Rejection> = []
    var explanations: [String: String] = [:]
    var marketsWithoutIntervals: Set<MarketID> = []
    let loads: InstrumentLoads
    let queries: QueryDesk
    let books: FeedBooks
    let repairs: FeedRepairs
    let reports: FeedReports

    let output: any FeedOutput
    let isSystemClock: Bool
    let fail: (ExitCode, String) -> Void
    var deadLetters = DeadLetterOffice()
    let drift: DriftSentinel
    var isPlanned = false
    /// Whether it is known what `ctl.subscription.v1` says, or that nobody reads it.
    var areSubscriptionsKnown = true
    /// Called when nothing is left that another feed of the venue must take over first.
    var onLeft: (() -> Void)?
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
        planner = ConnectionPlanner(
            streamsPerConnection: profile.streamsPerConnection,
            mixesMarkets: profile.mixesMarkets
        )
        wanted = WantedSymbols(symbols: settings.symbols, channels: settings.channels)
        wanted.sharing = settings.sharing.map {
            SymbolSharing(venue: type(of: venue).id.name, feed: settings.instance, $0)
        }
        pipeline = StreamPipeline(feed: settings.instance, instruments: directory.table, sink: output)
        self.queries = QueryDesk(
            queries,
            profile: profile,
            settings: settings,
            metrics: metrics,
            clock: clock
        )
        repairs = FeedRepairs(seed: settings.seed, pollMilliseconds: settings.pollMilliseconds)
        books = Self.books(venue, directory, pipeline, settings, clock.monotonic)
        let calls = venue.instrumentCalls(markets: settings.markets)
        loads = InstrumentLoads(calls, source: instruments, settings: settings)
        reports = FeedReports(
            feed: settings.instance,
            venue: type(of: venue).id,
            publisher: RecordPublisher(sink: output),
            readiness: observability.readiness,
            now: clock.wall.microseconds,
            since: clock.monotonic
        )
        drift = DriftSentinel(venue.frameSheet)
        pipeline.delegate = self
        books.engine = self
        repairs.engine = self
    }

    private static func books(
        _ venue: any Venue,
        _ directory: InstrumentDirectory,
        _ pipeline: StreamPipeline,
        _ settings: FeedSettings,
        _ now: MonotonicNanos
    ) -> FeedBooks {
        let keeper = BookKeeper(
            venue: venue,
            instruments: directory.table,
            pipeline: pipeline,
            settings: settings.books
        )
        return FeedBooks(keeper, seed: settings.seed, now: now)
    }

    // A connection and its hand-over hold each other.
    deinit { forgetHandOvers() }

    /// Begins: the instruments are asked for.
    func begin() {
        tick()
    }

    /// Does what is due; called after ``tickMilliseconds``.
    func tick() {
        guard !isStopping else { return }
        let now = clock.monotonic
        planIfPossible()
        tickSharing(now)
        for connection in everyConnection { connection.timeout(now) }
        if !handOvers.isEmpty { tickHandOvers(now) }
        openConnections(now)
        loads.askIfDue(self, now)
        republishInstruments(now)
        books.tick(now)
        repairs.tick(now)
        queries.tick(now)
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
        repairs.shutdown()
        let all = everyConnection
        forgetHandOvers()
        for connection in all { connection.shutdown(now) }
        isStopping = true
        output.serviceHeldRecords()
        reports.publishLast(self, now)
    }

    /// Opens as many connections as the venue allows now.
    func openConnections(_ now: MonotonicNanos) {
        while let next = governor.next(now) { connection(governed: next)?.connect(now) }
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
        next = min(next, queries.deadline(now), repairs.deadline)
        for connection in everyConnection { next = min(next, connection.session.deadline) }
        if !handOvers.isEmpty { next = min(next, handOverDeadline) }
        return max(Int(next.millisecondsLeft(since: now)), 1)
    }
}
