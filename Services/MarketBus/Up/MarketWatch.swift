// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import KafkaBus
import Lifecycle
import Wire

/// What the operator is shown of the market.
struct MarketPicture {
    var quotes: [String: QuoteRecord] = [:]
    var open: [String: OpportunityRecord] = [:]
    var feeds: [String: FeedStatusRecord] = [:]
    var opened = 0
    var closed = 0
    var quotesPerSecond = 0
}

/// One record that the operator is shown as it comes.
struct MarketNews {
    var topic: TopicID
    var symbol: String
    /// The record's value.
    var text: String

    init(_ topic: TopicID, _ head: AggregateHead, _ value: UnsafeRawBufferPointer) {
        self.topic = topic
        symbol = head.symbol
        text = String(decoding: value, as: UTF8.self)
    }
}

/// Follows the topics that the view shows.
///
/// - Thread: the supervisor's.
final class MarketWatch {
    private(set) var picture = MarketPicture()
    private let kafka: KafkaSettings
    private let scanner: JSONScanner
    private var consumer: KafkaConsumer?
    private var nextAttempt = MonotonicNanos(0)
    private var countSince = MonotonicNanos.now
    private var count = 0

    init(_ kafka: KafkaSettings, _ scanner: JSONScanner) {
        self.kafka = kafka
        self.scanner = scanner
    }

    func close() {
        consumer?.close()
        consumer = nil
    }

    /// Reads what came; waits a moment where nothing did.
    func turn(now: MonotonicNanos, _ tell: (MarketNews) -> Void) {
        let second = now - countSince
        if second >= 1_000_000_000 {
            picture.quotesPerSecond = Int(Double(count) * 1e9 / Double(second))
            (count, countSince) = (0, now)
            let dead = WallNanos.now.microseconds - 60_000_000
            picture.open = picture.open.filter { $0.value.head.publishedMicroseconds > dead }
        }
        guard let consumer = consumer ?? connect(now) else {
            WaitABit.milliseconds(50)
            return
        }
        do {
            try consumer.poll(waitMilliseconds: 50, maximumRecords: 5000) { take($0, tell) }
        } catch {
            close()
            nextAttempt = now.advanced(milliseconds: 1000)
        }
    }

    /// The topics may not be there yet: the services make them.
    private func connect(_ now: MonotonicNanos) -> KafkaConsumer? {
        guard now >= nextAttempt else { return nil }
        let topics = [TopicRegistry.quote, TopicRegistry.opportunity, TopicRegistry.feedStatus]
        consumer = try? KafkaConsumer(
            settings: kafka,
            topics: .assignAll(topics.map { TopicRegistry.spec(of: $0).name }),
            from: kafka.isEmbedded ? .begin : .end,
            metadataMilliseconds: 200
        )
        nextAttempt = now.advanced(milliseconds: 500)
        return consumer
    }

    private func take(_ record: borrowing ConsumedRecord, _ tell: (MarketNews) -> Void) {
        guard let value = record.value, let topic = record.topicID else { return }
        switch topic {
        case TopicRegistry.quote:
            guard let quote = try? QuoteRecord(decoding: value, scanner: scanner) else { return }
            count += 1
            picture.quotes[quote.head.symbol] = quote
            tell(MarketNews(topic, quote.head, value))
        case TopicRegistry.opportunity:
            guard let step = try? OpportunityRecord(decoding: value, scanner: scanner) else { return }
            take(step)
            tell(MarketNews(topic, step.head, value))
        default:
            guard let status = try? FeedStatusRecord(decoding: value, scanner: scanner) else { return }
            picture.feeds[status.feed] = status
        }
    }

    private func take(_ step: OpportunityRecord) {
        if step.state == .settle { return }
        if step.state == .open { picture.opened += 1 }
        if step.state == .close {
            picture.closed += 1
            picture.open[step.id] = nil
        } else {
            picture.open[step.id] = step
        }
    }
}
