// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Where an event came from; the `origin` of candles, and of trades that did not come from the socket.
public enum EventOrigin: String, Sendable, CaseIterable {
    /// From the venue's stream.
    case socket = "ws"
    /// Fetched later from the venue's REST interface.
    case rest
    /// Calculated from other events.
    case derived
}
