// Part of MarketBus. Apache License 2.0, see LICENSE.

import CRdKafka
import Glibc
import Lifecycle
import Observability
import Synchronization
import Wire

/// One librdkafka producer with one linger time, and the thread that polls and ends it.
///
/// - Thread: `produce` by the sender; the rest of the client's life belongs to the lane's own thread.
final class ProducerLane: @unchecked Sendable {
    // Safety: `client` is set once before the thread starts; only that thread destroys it, after `isClosing` was
    // set by the sender, which sends no more. All else that is shared is atomic or under the lock.
    let lingerMilliseconds: Int
    /// Whether conflating topics hold their newest records instead of sending them.
    let isHolding = Atomic<Bool>(false)
    private let client: OpaquePointer
    private let queue: OpaquePointer
    private let settings: KafkaSettings
    private let counters: ProducerCounters
    private let logger: Logger
    private let state: Lock<State>
    private let isClosing = Atomic<Bool>(false)
    private let ended: WakeFlag
    private let changed: WakeFlag
    private var thread: WorkerThread?
    private var topics: [OpaquePointer] = []
    private var lastWords = ""

    private struct State {
        var machine: HealthMachine
        var losses = LossLedger(capacity: 100_000)
        var statistics = KafkaStatistics()
        var isCongested = false
        var lastProbe = MonotonicNanos(0)
    }

    init(
        lingerMilliseconds: Int,
        bufferBytes: Int,
        settings: KafkaSettings,
        counters: ProducerCounters,
        logger: Logger,
        changed: WakeFlag
    ) throws {
        self.changed = changed
        self.lingerMilliseconds = lingerMilliseconds
        self.settings = settings
        self.counters = counters
        self.logger = logger
        ended = try WakeFlag()
        state = Lock(State(machine: HealthMachine(settings, now: .now)))
        let configuration = try settings.makeConfiguration(
            ProducerProperties.role(lingerMilliseconds: lingerMilliseconds, bufferBytes: bufferBytes)
        )
        // Reports come as events on one queue, so that one function sees them all, in order.
        rd_kafka_conf_set_events(
            configuration.pointer,
            RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_STATS
        )
        client = try configuration.makeClient(RD_KAFKA_PRODUCER)
        guard let queue = rd_kafka_queue_get_main(client) else {
            rd_kafka_destroy(client)
            throw KafkaError(code: .client, retry: .never, message: "the library gave no event queue")
        }
        self.queue = queue
        rd_kafka_set_log_queue(client, queue)
    }

    /// Makes a topic's handle; before `start` only.
    ///
    /// - Throws: ``KafkaError`` when the library refuses the name.
    func intern(_ name: String, _ id: TopicID) throws(KafkaError) -> OpaquePointer {
        // A fresh topic configuration would silently undo partitioner, time-out and codec: they are topic properties.
        let configuration = rd_kafka_default_topic_conf_dup(client)
        rd_kafka_topic_conf_set_opaque(configuration, UnsafeMutableRawPointer(bitPattern: UInt(id.index) + 1))
        guard let topic = rd_kafka_topic_new(client, name, configuration) else {
            rd_kafka_topic_conf_destroy(configuration)
            throw KafkaError(rd_kafka_last_error(), "topic \(name)")
        }
        topics.append(topic)
        return topic
    }

    /// Starts the thread; a lane that was never started is ended by `close` all the same.
    func start() throws(PlatformError) {
        thread = try WorkerThread(name: "kafka-linger\(lingerMilliseconds)") { [self] in
            probe()
            while !isClosing.load(ordering: .acquiring) { turn(waitMilliseconds: 100) }
            end()
        }
    }

    /// Hands a record to the library, which copies it; allocates nothing here.
    @inline(__always)
    func produce(_ topic: OpaquePointer, _ record: inout md_kafka_record) -> rd_kafka_resp_err_t {
        md_kafka_produce(client, topic, &record)
    }

    var health: KafkaHealth { state.withLock { $0.machine.health } }
    var statistics: KafkaStatistics { state.withLock { $0.statistics } }

    /// Moves the losses that the library reported into the sender's hands.
    func takeLosses() -> (reports: [LossReport], overflow: UInt64) {
        state.withLock { state in
            guard !state.losses.isEmpty else { return ([], state.losses.takeOverflow()) }
            state.losses.endAll()
            return (state.losses.drain(), state.losses.takeOverflow())
        }
    }

    /// Waits until every record was taken or refused, or the deadline is there.
    func flush(until deadline: MonotonicNanos) {
        _ = rd_kafka_flush(client, deadline.millisecondsLeft())
    }

    /// The records that the library has not brought to the broker.
    var queuedRecords: Int { isClosing.load(ordering: .acquiring) ? 0 : Int(rd_kafka_outq_len(client)) }

    /// Tells the thread to end, without waiting for it.
    func beginClose() {
        isClosing.store(true, ordering: .releasing)
        rd_kafka_queue_yield(queue)
    }

    /// Ends client and thread, and says whether that was done by the deadline.
    ///
    /// A thread that is late (a name server that does not answer) is left behind and ends by itself.
    func close(until deadline: MonotonicNanos) -> Bool {
        guard let thread else {
            end()
            return true
        }
        guard ended.wait(until: deadline) else {
            _ = Unmanaged.passRetained(thread)
            return false
        }
        thread.join()
        return true
    }
}

// The lane's own thread.
extension ProducerLane {
    private func turn(waitMilliseconds: Int32) {
        if let event = rd_kafka_queue_poll(queue, waitMilliseconds) {
            take(event)
            rd_kafka_event_destroy(event)
        }
        let now = MonotonicNanos.now
        take(.tick, now)
        let isProbeDue = state.withLock { state in
            guard !state.machine.health.isConnected, now - state.lastProbe > 200_000_000 else { return false }
            state.lastProbe = now
            return true
        }
        if isProbeDue { probe() }
    }

    /// The one place where the library's events become our actions.
    private func take(_ event: OpaquePointer) {
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_DR:
            takeReports(event)
        case RD_KAFKA_EVENT_ERROR:
            takeError(event)
        case RD_KAFKA_EVENT_STATS:
            takeStatistics(event)
        case RD_KAFKA_EVENT_LOG:
            KafkaLog.write(event, to: logger)
        default:
            counters.unknownEvents.add()
        }
    }

    private func takeReports(_ event: OpaquePointer) {
        while let message = rd_kafka_event_message_next(event) {
            let error = message.pointee.err
            guard error != RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
            let (stream, seq) = RecordTag.unpack(message.pointee._private)
            let topic = UInt8(
                truncatingIfNeeded: UInt(bitPattern: rd_kafka_topic_opaque(message.pointee.rkt)) &- 1
            )
            let isPurged =
                error == RD_KAFKA_RESP_ERR__PURGE_QUEUE || error == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT
            (isPurged ? counters.shutdown : counters.refused).add()
            if !isPurged { counters.lastRefusal.withLock { $0 = KafkaError(error, "a record was refused") } }
            state.withLock {
                $0.losses.lose(stream, TopicID(index: topic), seq, isPurged ? .shutdown : .refused)
            }
        }
    }

    private func takeError(_ event: OpaquePointer) {
        let raw = rd_kafka_event_error(event)
        let words = rd_kafka_event_error_string(event).map { String(cString: $0) } ?? ""
        switch raw {
        case RD_KAFKA_RESP_ERR__FATAL:
            var text = [CChar](repeating: 0, count: 512)
            let code = rd_kafka_fatal_error(client, &text, text.count)
            let message = ClientConfiguration.text(text)
            take(.fatal(KafkaError(code: KafkaError.code(of: code), retry: .fatal, message: message)), .now)
        case RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
            // Retried like an absence: credentials are rotated under running services.
            lastWords = "log-in refused: \(words)"
            take(.trouble(detail: lastWords, isLogin: true), .now)
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
            take(.lost(detail: lastWords), .now)
        default:
            // One broker's trouble: remembered as the words for the case that it was the last one.
            lastWords = words
            take(.trouble(detail: words, isLogin: false), .now)
            logger.info(
                "kafka_client_error",
                ["code": .init(KafkaError.code(of: raw).name), "error": .init(words)]
            )
        }
    }

    private func takeStatistics(_ event: OpaquePointer) {
        guard let text = rd_kafka_event_stats(event) else { return }
        let found = KafkaStatistics(json: UnsafeRawBufferPointer(start: text, count: strlen(text)))
        let isStuck = state.withLock { state in
            let isStuck = found.isStuck(after: state.statistics)
            state.statistics = found
            // Above half of the buffer conflating topics make room for those that must keep all; below a quarter
            // they flow again.
            state.isCongested = found.bufferShare > (state.isCongested ? 0.25 : 0.5)
            return isStuck
        }
        if isStuck {
            take(.lost(detail: "a broker holds a request since \(found.silentMicroseconds / 1000) ms"), .now)
        }
        updateHolding()
    }

    /// Asks any broker for the list of brokers; an answer means that the cluster is back.
    private func probe() {
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let error = rd_kafka_metadata(client, 0, nil, &metadata, 250)
        if let metadata { rd_kafka_metadata_destroy(metadata) }
        if error == RD_KAFKA_RESP_ERR_NO_ERROR { take(.answered, .now) }
    }

    private func take(_ input: HealthMachine.Input, _ now: MonotonicNanos) {
        let changed = state.withLock { state -> KafkaHealth? in
            state.machine.take(input, now: now) ? state.machine.health : nil
        }
        guard let changed else { return }
        updateHolding()
        self.changed.raise()
        let text = changed.text(bootstrapServers: settings.bootstrapServers, now: now)
        logger.log(changed.isConnected ? .info : .warning, "kafka_state", ["state": .init(text)])
    }

    private func updateHolding() {
        let holds = state.withLock { state in
            switch state.machine.health {
            case .away, .failed: true
            case .connected, .connecting: state.isCongested
            }
        }
        isHolding.store(holds, ordering: .releasing)
    }

    /// Purges what is left, collects its reports, and destroys the client, all on the thread that polled it.
    private func end() {
        _ = rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
        let deadline = MonotonicNanos.now.advanced(milliseconds: 1000)
        while rd_kafka_outq_len(client) > 0, MonotonicNanos.now < deadline {
            guard let event = rd_kafka_queue_poll(queue, 50) else { continue }
            take(event)
            rd_kafka_event_destroy(event)
        }
        for topic in topics { rd_kafka_topic_destroy(topic) }
        rd_kafka_queue_destroy(queue)
        rd_kafka_destroy(client)
        ended.raise()
    }
}
