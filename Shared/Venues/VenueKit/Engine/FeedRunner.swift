// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Observability
import REST
import WebSocket
import Wire

// Safety: `engine`, `timer` and `output` are touched by the loop's thread only, from the start of the loop until it was joined in
// `stop`; all else is constant.
/// A feed with its thread: what a service starts and stops.
///
/// - Thread: `start` and `stop` from the owner; the output is used by the feed's own thread between the two.
public final class FeedRunner: @unchecked Sendable {
    private let venue: any Venue
    private let settings: FeedSettings
    private let output: any FeedOutput
    private let losses: LossRelay
    private let observability: Observability
    private let fail: @Sendable (ExitCode, String) -> Void
    private let tape: FrameTape?
    private let awaitsSubscriptions: Bool
    private let loop: WebSocketLoop
    private let rest: RESTClient
    private var engine: FeedEngine?
    private var timer: TimerToken?
    /// Close frames get this long to leave.
    ///
    /// - Unit: milliseconds.
    private static let farewellMilliseconds = 50

    /// Makes a feed that does nothing yet.
    ///
    /// - Parameters:
    ///   - venue: the exchange.
    ///   - settings: what is wanted of it.
    ///   - caFile: certificate authorities that replace the system's.
    ///   - output: where records go; a few times a second it is asked to report losses to `losses`.
    ///   - losses: where the output reports them.
    ///   - observability: where to log and count.
    ///   - tape: takes everything that is read and said; nil: nothing is captured.
    ///   - awaitsSubscriptions: whether nothing is asked for before the first ``take(_:)``.
    ///   - fail: ends the service.
    /// - Throws: ``FeedError`` when the certificate authorities can't be used or the machine has no room.
    public init(
        venue: any Venue,
        settings: FeedSettings,
        caFile: String?,
        output: any FeedOutput,
        losses: LossRelay,
        observability: Observability,
        tape: FrameTape? = nil,
        awaitsSubscriptions: Bool = false,
        fail: @escaping @Sendable (ExitCode, String) -> Void
    ) throws(FeedError) {
        self.venue = venue
        self.settings = settings
        self.output = output
        self.losses = losses
        self.observability = observability
        self.fail = fail
        self.tape = tape
        self.awaitsSubscriptions = awaitsSubscriptions
        do throws(WebSocketError) {
            loop = try WebSocketLoop(name: "feed", tls: WebSocketTLS(caFile: caFile))
        } catch {
            throw FeedError(isConfiguration: error.code == .certificateAuthorities, "\(error)")
        }
        do throws(RESTError) {
            rest = try RESTClient(
                name: "rest",
                tls: RESTTLS(caFile: caFile),
                limits: RESTLimits(concurrent: 4)
            )
        } catch {
            throw FeedError(isConfiguration: error.code == .certificateAuthorities, "\(error)")
        }
    }

    /// Starts the threads and the feed; returns without waiting for the venue.
    ///
    /// - Throws: ``FeedError`` when the machine has no thread left.
    public func start() throws(FeedError) {
        do throws(RESTError) { try rest.start() } catch {
            throw FeedError(isConfiguration: false, "\(error)")
        }
        loop.execute { [self] in begin() }
        do throws(WebSocketError) { try loop.start() } catch {
            throw FeedError(isConfiguration: false, "\(error)")
        }
    }

    /// Stops reading, invalidates what was live, hands the last records to the output, and ends the threads.
    ///
    /// Returns at the deadline at the latest. After it the caller alone uses the output.
    public func stop(before deadline: MonotonicNanos) {
        rest.stop()
        if let done = try? WakeFlag() {
            let isTaken = loop.execute { [self] in
                engine?.shutdown()
                loop.schedule(afterMilliseconds: Self.farewellMilliseconds) { done.raise() }
            }
            if isTaken { done.wait(until: deadline) }
        }
        loop.stop()
        losses.receiver = nil
        engine = nil
    }

    /// Hands every connection over to a new one, without a gap: what SIGHUP asks for.
    ///
    /// - Thread: any.
    public func renewConnections() {
        loop.execute { [weak self] in self?.engine?.renewConnections("SIGHUP") }
    }

    private func begin() {
        let onBody: @Sendable (String, [UInt8]) -> Void = { [weak self] url, body in
            self?.loop.execute { [weak self] in self?.tape(url, body) }
        }
        let source = RESTInstrumentSource(
            client: rest,
            venue: venue,
            onBody: tape == nil ? nil : onBody
        ) { [weak self] place, answer in
            self?.loop.execute { [weak self] in self?.engine?.instrumentsArrived(place, answer) }
        }
        let queries = RESTQueryTransport(client: rest, venue: venue) { [weak self] token, answer in
            self?.loop.execute { [weak self] in self?.engine?.queries.arrived(token, answer) }
        }
        let fail = fail
        let made = FeedEngine(
            venue: venue,
            settings: settings,
            output: output,
            transport: LoopTransport(loop),
            instruments: source,
            queries: queries,
            observability: observability,
            fail: { fail($0, $1) }
        )
        made.tape = tape
        made.areSubscriptionsKnown = !awaitsSubscriptions
        losses.receiver = { [weak made] loss in made?.lost(loss) }
        engine = made
        made.begin()
        made.onChange = { [unowned self] in schedule() }
        schedule()
    }

    /// Hands over what `ctl.subscription.v1` says; what is wanted anew is asked for at once, and what stays is not
    /// touched.
    ///
    /// - Thread: any; after `start`, and in the order of the topic.
    /// - Returns: false where the feed has no room for it now: hand it over again.
    public func take(_ news: SubscriptionNews) -> Bool {
        loop.execute { [weak self] in self?.engine?.take(news) }
    }

    /// Hands over what the group of the venue's feeds says.
    ///
    /// - Thread: any; after `start`, and in order.
    /// - Returns: false where the feed has no room for it now: hand it over again.
    public func take(_ news: SharingNews) -> Bool {
        loop.execute { [weak self] in self?.engine?.take(news) }
    }

    private func tape(_ url: String, _ body: [UInt8]) {
        body.withUnsafeBytes { tape?.answered("rest", url: url, $0, at: WallNanos.now) }
    }

    /// The capture ended by itself: readers of `sys.integrity` are told, and the feed goes on.
    ///
    /// - Thread: any.
    public func captureEnded(_ reason: String) {
        loop.execute { [weak self] in
            self?.engine?.announce(Incident(.captureStopped, reason), topic: TopicRegistry.deadLetter)
        }
    }

    /// Sets the one timer of the engine anew.
    private func schedule() {
        if let timer { loop.cancel(timer) }
        timer = nil
        guard let engine, !engine.isStopping else { return }
        timer = loop.schedule(afterMilliseconds: engine.tickMilliseconds) { [weak self] in
            self?.engine?.tick()
            self?.schedule()
        }
    }
}

/// Why a feed can't start.
public struct FeedError: Error, ExitCodeProviding, CustomStringConvertible {
    /// Whether the configuration is to blame, or else the machine.
    public let isConfiguration: Bool
    /// What is wrong.
    public let description: String

    init(isConfiguration: Bool, _ description: String) {
        self.isConfiguration = isConfiguration
        self.description = description
    }

    /// A wrong configuration is not mended by a restart; a full machine may be.
    public var exitCode: ExitCode { isConfiguration ? .configuration : .dependency }
}
