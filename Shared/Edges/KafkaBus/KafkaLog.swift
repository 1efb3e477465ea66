// Part of MarketBus. Apache License 2.0, see LICENSE.

import CRdKafka
import Observability

/// The library's own log lines on their way into the service's log.
enum KafkaLog {
    static func write(_ event: OpaquePointer, to logger: Logger) {
        var facility: UnsafePointer<CChar>?
        var text: UnsafePointer<CChar>?
        var level: Int32 = 7
        guard rd_kafka_event_log(event, &facility, &text, &level) == 0, let text else { return }
        write(level, facility, text, to: logger)
    }

    static func write(
        _ level: Int32,
        _ facility: UnsafePointer<CChar>?,
        _ text: UnsafePointer<CChar>,
        to logger: Logger
    ) {
        logger.log(
            self.level(level),
            "kafka_library",
            [
                "facility": .init(facility.map { String(cString: $0) } ?? ""),
                "text": .init(String(cString: text)),
            ]
        )
    }

    /// Syslog's severities, one step milder: what needs a person is said by our own state, once.
    private static func level(_ severity: Int32) -> LogLevel {
        switch severity {
        case ...3: .warning
        case 4, 5: .info
        default: .debug
        }
    }
}
