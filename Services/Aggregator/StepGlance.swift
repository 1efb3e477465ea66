// Part of MarketBus. Apache License 2.0, see LICENSE.

import Arbitrage
import JSONView
import Wire

/// As much of a step of `arb.opportunity.v1` as tells whether the opportunity is open.
///
/// Tens of thousands of steps are looked at when a partition is taken, and only what has to be closed is read whole.
///
/// - Thread: that of its scanner. Allocates: the id.
struct StepGlance {
    private static let (schema, id, state) = (JSONName("schema"), JSONName("id"), JSONName("state"))

    let id: String
    let state: OpportunityState

    /// Whether the opportunity is open after it.
    var isOpen: Bool { state == .open || state == .update }

    /// Looks at a value; nil where it is no step.
    init?(_ value: UnsafeRawBufferPointer, _ scanner: JSONScanner) {
        guard let found = try? Self.find(value, scanner) else { return nil }
        (id, state) = found
    }

    private static func find(
        _ value: UnsafeRawBufferPointer,
        _ scanner: JSONScanner
    ) throws(JSONError) -> (id: String, state: OpportunityState)? {
        var cursor = try scanner.scan(value)
        var (isOurs, name, state) = (false, String?.none, OpportunityState?.none)
        try cursor.enterObject()
        while let key = try cursor.nextKey() {
            if key.matches(Self.schema) {
                isOurs =
                    try cursor.string().string == TopicRegistry.spec(of: TopicRegistry.opportunity).schema
            } else if key.matches(Self.id) {
                name = try cursor.string().string
            } else if key.matches(Self.state) {
                state = OpportunityState(rawValue: try cursor.string().string)
            } else {
                try cursor.skip()
            }
            if isOurs, let name, let state { return (name, state) }
        }
        return nil
    }
}
