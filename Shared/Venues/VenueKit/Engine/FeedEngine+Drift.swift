// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Observability
import Wire

// MARK: Drift

extension FeedEngine {
    /// Looks at the shape of a frame; what was not told before is published with the frame as example.
    @inline(never)
    func watch(_ frame: FrameBytes, of connection: FeedConnection, received: Int64) {
        let before = drift.untold
        drift.look(frame, connection.endpoint.market) { finding in
            tell(finding, received: received, example: frame.bytes)
        }
        if drift.untold != before { metrics.driftUntold.add(drift.untold &- before) }
    }

    /// Says that a stream that was acknowledged never talked, when it is left so after its last try.
    func watchSilence(_ incident: Incident, of connection: FeedConnection) {
        guard incident.kind == .streamSilent, let place = incident.stream,
            connection.session.streamState(place) == .silent
        else { return }
        let stream = connection.session.stream(place)
        guard pipeline.slot(stream.instrument, stream.channel).lastReceivedMicroseconds == 0 else { return }
        let name = "\(stream.channel.name) \(symbol(of: stream))"
        drift.silent(name, "acknowledged, but no message after every try") { finding in
            tell(finding, received: clock.wall.microseconds, example: .init(start: nil, count: 0))
        }
    }

    private func tell(_ finding: DriftSentinel.Finding, received: Int64, example: UnsafeRawBufferPointer) {
        logger.warning(
            "feed.drift",
            [
                "kind": .string(finding.kind.rawValue), "stream": .string(finding.stream),
                "detail": .string(finding.detail),
            ]
        )
        metrics.count(finding.kind)
        reports.publisher.publish(
            DriftRecord(
                venue: type(of: venue).id.name,
                feed: settings.instance,
                atMicroseconds: received,
                kind: finding.kind.rawValue,
                stream: finding.stream,
                detail: finding.detail,
                example: String(decoding: example.prefix(DriftRecord.exampleLimit), as: UTF8.self)
            )
        )
    }
}
