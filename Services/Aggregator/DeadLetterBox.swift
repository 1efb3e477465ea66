// Part of MarketBus. Apache License 2.0, see LICENSE.

import Wire

/// Makes dead letters of records that can't be read, at most 100 a second: a flood is counted, not repeated.
struct DeadLetterBox {
    private static let perSecond = 100
    private let instance: String
    private var second = Int64.min
    private var count = 0

    init(instance: String) {
        self.instance = instance
    }

    /// The letter about a value, or nil where there were too many.
    mutating func letter(
        _ value: UnsafeRawBufferPointer,
        place: String,
        _ error: RecordError,
        now: Int64
    ) -> DeadLetterRecord? {
        if now / 1_000_000 != second {
            second = now / 1_000_000
            count = 0
        }
        count += 1
        guard count <= Self.perSecond else { return nil }
        let reason =
            switch error {
            case .malformed: "malformed"
            case .wrongSchema: "wrong_schema"
            case .missingField: "missing_field"
            case .badField: "bad_field"
            }
        return DeadLetterRecord(
            source: instance,
            venue: "unknown",
            feed: instance,
            atMicroseconds: now,
            reason: reason,
            detail: error.description,
            connection: place,
            frame: value
        )
    }
}
