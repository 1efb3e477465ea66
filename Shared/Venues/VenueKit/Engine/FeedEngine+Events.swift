// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Observability
import Wire

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
        repairs.began(slot)
        reports.isChanged = true
    }

    /// A stream's trades left some ids out: they are asked for.
    func tradesAreMissing(_ slot: StreamSlot) {
        repairs.leftOut(slot)
    }

    /// Ends a stream's epoch: its quotes are invalidated at once.
    func end(_ stream: VenueStream, _ reason: InvalidReason) {
        guard !stream.isReference else { return }
        repairs.ended(stream, reason)
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

    /// Records are lost for good: a stream's are told of, instruments are published again.
    func lost(_ report: LossReport) {
        if report.topic == TopicRegistry.instrument { loads.noteLostRecords(clock.monotonic) }
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
