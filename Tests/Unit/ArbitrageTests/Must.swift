// Part of MarketBus. Apache License 2.0, see LICENSE.

import Testing

/// `#require` for calls that mutate what they are called on, which the macro can't capture.
func must<Value>(_ value: Value?, at location: SourceLocation = #_sourceLocation) throws -> Value {
    try #require(value, sourceLocation: location)
}
