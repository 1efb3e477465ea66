// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Observability
import Wire

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
        watchSilence(incident, of: connection)
        let topics = stream.map { [$0.channel.topic] } ?? connection.topics
        for topic in topics {
            reports.ledger.incident(record(incident, symbol, stream?.venueSymbol ?? connection.name), topic)
        }
    }

    /// Ends the service: only another configuration can help.
    func giveUp(_ connection: FeedConnection, _ detail: String) {
        if let handOver = connection.handOver, handOver.new === connection {
            return abandonHandOver(to: connection)
        }
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

    /// The same for what happened to a connection.
    func note(_ incident: Incident, _ connection: FeedConnection) {
        logger.info(
            "feed.note",
            [
                "kind": .string(incident.kind.rawValue), "connection": .string(connection.name),
                "text": .string(incident.detail),
            ]
        )
        metrics.count(incident.kind)
        for topic in connection.topics {
            reports.ledger.incident(record(incident, nil, connection.name), topic)
        }
    }

    /// The canonical symbol of a stream.
    func symbol(of stream: VenueStream) -> String { directory.table[stream.instrument].symbol }

    /// What `sys.integrity` is told.
    func record(
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
