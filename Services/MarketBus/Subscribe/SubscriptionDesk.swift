// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import KafkaBus
import Lifecycle
import Models
import Wire

/// What the topics say about one venue's subscriptions, and the pen to say more.
///
/// To read, change and write is no transaction: of two operators at the same moment the later one's word holds.
///
/// - Thread: one.
final class SubscriptionDesk {
    /// A feed that has said nothing for so long does not run.
    ///
    /// - Unit: microseconds.
    private static let silence: Int64 = 30_000_000

    private let venue: String
    private let consumer: KafkaConsumer
    private let producer: KafkaProducer
    private let scanner: JSONScanner
    private var writer = JSONWriter()
    private var isWriting = false
    private var hasRead = false
    private var wishes: [String: [String]?] = [:]
    private var feeds: [String: FeedStatusRecord] = [:]
    /// The newest words of feeds that were not read yet: of a large feed's many words only the last is worth it.
    private var unread: [String: [UInt8]] = [:]
    /// When the first word was written.
    ///
    /// - Unit: microseconds since the Unix epoch.
    private(set) var writtenMicroseconds = WallNanos.now.microseconds

    /// Connects; makes the topics where they are missing and configuration allows it.
    init(_ kafka: KafkaSettings, venue: String) throws {
        self.venue = venue
        guard let scanner = JSONScanner() else {
            throw KafkaError(code: .usage, retry: .never, message: "no memory")
        }
        self.scanner = scanner
        let topics = [TopicRegistry.subscription, TopicRegistry.feedStatus]
        let specs = topics.map { TopicRegistry.spec(of: $0) }
        if !kafka.isEmbedded {
            let admin = try KafkaAdmin(settings: kafka)
            defer { admin.close() }
            let problems = try admin.prepare(specs, kafka)
            if let first = problems.first {
                throw KafkaError(code: .configuration, retry: .never, message: first.description)
            }
        }
        producer = try KafkaProducer(settings: kafka, topics: [TopicRegistry.subscription], onLoss: { _ in })
        do {
            consumer = try KafkaConsumer(settings: kafka, topics: .assignAll(specs.map(\.name)), from: .begin)
        } catch {
            producer.close()
            throw error
        }
        do { try producer.start() } catch {
            close()
            throw error
        }
    }

    func close() {
        producer.close(deadlineMilliseconds: 1000)
        consumer.close(deadlineMilliseconds: 500)
    }

    // MARK: Reading

    /// Reads all that is there; false where that took too long.
    func readToEnd(_ stop: StopFlag) throws -> Bool {
        let deadline = MonotonicNanos.now.advanced(milliseconds: 15_000)
        while !consumer.hasReachedEnd, !stop.isRaised, MonotonicNanos.now < deadline { _ = try poll() }
        return consumer.hasReachedEnd
    }

    /// Whether a feed of the venue has spoken lately.
    var isFeedRunning: Bool { !running.isEmpty }

    /// The newest words of the venue's feeds that run.
    var running: [FeedStatusRecord] {
        let now = WallNanos.now.microseconds
        return feeds.values.filter {
            $0.state != .stopping && now - $0.publishedMicroseconds < Self.silence
        }
    }

    /// Whether the topic has a word about a symbol.
    func isSpoken(_ symbol: String) -> Bool { wishes[symbol] != nil }

    /// What is wanted of a symbol: the topic's word, else what a feed streams because it is configured, in the order in
    /// which channels are listed everywhere.
    func channels(of symbol: String) -> [String] {
        if let word = wishes[symbol] { return word ?? [] }
        let spoken = running.isEmpty ? Array(feeds.values) : running
        let streamed = Set(
            spoken.flatMap(\.streams).filter { $0.symbol == symbol && $0.state != .refused }.map(\.channel)
        )
        return Channel.allCases.map(\.name).filter(streamed.contains)
    }

    /// What a feed of the venue said last.
    enum Word {
        case status(FeedStatusRecord)
        /// It took its status back: it ended.
        case ended(feed: String)
    }

    /// Reads on for a moment; gives what feeds of the venue said last meanwhile.
    func poll() throws -> [Word] {
        try consumer.poll(waitMilliseconds: 50) { record in take(record) }
        guard hasRead || consumer.hasReachedEnd else { return [] }
        hasRead = true
        defer { unread.removeAll() }
        return unread.compactMap { feed, bytes in
            guard !bytes.isEmpty else { return feeds.removeValue(forKey: feed).map { .ended(feed: $0.feed) } }
            let status = bytes.withUnsafeBytes { try? FeedStatusRecord(decoding: $0, scanner: scanner) }
            guard let status, status.venue == venue else { return nil }
            feeds[feed] = status
            return .status(status)
        }
    }

    private func take(_ record: borrowing ConsumedRecord) {
        let key = record.key.map { String(decoding: $0, as: UTF8.self) } ?? ""
        if record.topicID == TopicRegistry.subscription {
            guard key.hasPrefix(venue + ":") else { return }
            let symbol = String(key.dropFirst(venue.utf8.count + 1))
            guard let value = record.value else {
                wishes[symbol] = .some(nil)
                return
            }
            guard let word = try? SubscriptionRecord(decoding: value, scanner: scanner) else { return }
            wishes[symbol] = word.channels
        } else {
            unread[key] = record.value.map(Array.init) ?? []
        }
    }

    // MARK: Writing

    /// Says which channels are wanted of a symbol; none: it is unsubscribed.
    func write(_ symbol: String, _ channels: [String]) {
        let record = SubscriptionRecord(venue: venue, symbol: symbol, channels: channels)
        if !isWriting {
            isWriting = true
            writtenMicroseconds = WallNanos.now.microseconds
        }
        writer.clear()
        record.encode(into: &writer)
        var key = record.key
        var venue = venue
        key.withUTF8 { key in
            venue.withUTF8 { venue in
                _ = producer.send(
                    OutboundRecord(
                        topic: TopicRegistry.subscription,
                        stream: .none,
                        seq: 0,
                        key: UnsafeRawBufferPointer(key),
                        value: writer.bytes,
                        venue: UnsafeRawBufferPointer(venue),
                        timestampMilliseconds: WallNanos.now.microseconds / 1000
                    )
                )
            }
        }
    }

    /// Waits until Kafka has all; false where it does not take it in time.
    func flush() -> Bool { producer.flush(deadlineMilliseconds: 15_000) == 0 }
}
