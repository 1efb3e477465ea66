// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Observability
import Quotes
import Wire

// MARK: - Feeds that are silent

extension AggregatorEngine {
    /// Takes in a record of `sys.feed_status.v1`; a tombstone ends its feed.
    func takeStatus(_ record: InboundRecord, now: Int64) {
        guard let value = record.value else {
            guard let key = record.key, let feed = quotes.feed(key) else { return }
            return stop(feed, at: now)
        }
        do throws(RecordError) {
            let pulse = try FeedStatusRecord.Pulse(decoding: value, scanner: scanner)
            guard let feed = quotes.feed(pulse.feed) else { return metrics.refusedName.add() }
            // A feed whose clock is ahead does not live longer for it.
            let said = min(pulse.publishedMicroseconds, now)
            if pulse.isStopping { stop(feed, at: said) } else { hear(feed, at: said) }
        } catch {
            metrics.undecodable.add()
            bury(record, value, error, now)
        }
    }

    /// A stream that began after its feed's last status tells that the feed is there again.
    func hearEpoch(_ epoch: Int64, _ feed: UInt32, _ now: Int64) {
        guard let heard = quotes.lastHeard(ofFeed: feed), epoch > heard else { return }
        hear(feed, at: min(epoch, now))
    }

    private func hear(_ feed: UInt32, at time: Int64) {
        quotes.heard(ofFeed: feed, at: time)
        board.heard(ofFeed: feed, at: time)
    }

    private func stop(_ feed: UInt32, at time: Int64) {
        quotes.stopped(feed: feed, at: time)
        board.stopped(feed: feed, at: time)
    }

    /// Tells the operator whose legs left because their feed is silent, and whose feed is back.
    func followFeeds() {
        let late = quotes.lateFeeds
        guard late != lateFeeds else { return }
        for feed in late.subtracting(lateFeeds) {
            logger.warning("feed.late", ["feed": .string(quotes.name(ofFeed: feed))])
        }
        for feed in lateFeeds.subtracting(late) {
            logger.info("feed.back", ["feed": .string(quotes.name(ofFeed: feed))])
        }
        lateFeeds = late
    }
}

// MARK: - Instruments that only share a name

extension AggregatorEngine {
    /// Sets apart legs whose price was far from the others' for long, and takes those back in that are near again.
    func watchNames(_ now: Int64) {
        guard share.learning.isEmpty else { return }
        for finding in names.look(board.depth, now: now) {
            let leg = board.depth[finding.market]
            board.setQuarantine(finding.isApart, finding.market, now: now)
            publishSteps(now)
            if quotes.setQuarantine(finding.isApart, leg.symbol, leg.venue, now: now) {
                touch(leg.symbol, now)
                touchJoined(now)
            }
            if sources[Int(finding.market.index)] == .books { touchBook(leg.symbol) }
            if states[Int(leg.symbol.index)].speaks { tell(finding, leg, now) }
        }
    }

    private func tell(_ finding: NamesakeWatch.Finding, _ leg: DepthLeg, _ now: Int64) {
        let (symbol, venue) = (quotes.name(of: leg.symbol), quotes.name(of: leg.venue))
        let other = quotes.name(of: board.depth[finding.other].venue)
        let detail = """
            \(finding.isApart ? "set apart" : "back"): its middle is \(Self.half(finding.doubledMiddle)), \
            that of \(other) \(Self.half(finding.otherDoubledMiddle))
            """
        let kind = finding.isApart ? "namesake_quarantined" : "namesake_returned"
        logger.warning(
            finding.isApart ? "namesake.quarantined" : "namesake.returned",
            ["symbol": .string(symbol), "venue": .string(venue), "detail": .string(detail)]
        )
        publisher.publish(
            IntegrityRecord(
                feed: settings.common.instance,
                topicName: TopicRegistry.spec(of: TopicRegistry.quote).name,
                publishedMicroseconds: now,
                kind: .incident,
                fromMicroseconds: now,
                toMicroseconds: now,
                streams: [],
                holes: [],
                incidents: [
                    IntegrityRecord.Incident(
                        atMicroseconds: now,
                        venue: venue,
                        symbol: symbol,
                        stream: nil,
                        kind: kind,
                        detail: detail
                    )
                ]
            )
        )
    }

    private static func half(_ price: ScaledDecimal) -> String {
        guard let half = try? price.multiplied(by: ScaledDecimal(mantissa64: 5, decimals: 1)) else {
            return "?"
        }
        return half.description
    }
}
