// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

/// One connection to be made: where to, and which streams it carries.
public struct ConnectionPlan: Sendable, Equatable {
    /// The endpoint's name in the profile.
    public var endpoint: String
    /// The streams.
    public var streams: [VenueStream]

    /// Makes a plan.
    public init(endpoint: String, streams: [VenueStream]) {
        self.endpoint = endpoint
        self.streams = streams
    }
}

/// Spreads streams over connections.
public enum ConnectionPlanner {
    /// As few connections as the venue's limit allows, in the order of the streams, evenly filled for each endpoint,
    /// and for each of its markets where a connection serves one only.
    public static func plan(
        _ streams: [(stream: VenueStream, endpoint: String)],
        streamsPerConnection limit: Int,
        mixesMarkets: Bool = true
    ) -> [ConnectionPlan] {
        var order: [Target] = []
        var byTarget: [Target: [VenueStream]] = [:]
        for (stream, endpoint) in streams {
            let target = Target(endpoint: endpoint, market: mixesMarkets ? nil : stream.market)
            if byTarget[target] == nil { order.append(target) }
            byTarget[target, default: []].append(stream)
        }
        return order.flatMap { target in
            split(byTarget[target] ?? [], limit: max(limit, 1))
                .map { ConnectionPlan(endpoint: target.endpoint, streams: $0) }
        }
    }

    private struct Target: Hashable {
        var endpoint: String
        var market: MarketID?
    }

    private static func split(_ streams: [VenueStream], limit: Int) -> [[VenueStream]] {
        let parts = (streams.count + limit - 1) / limit
        guard parts > 0 else { return [] }
        return (0..<parts).map { part in
            Array(streams[(streams.count * part / parts)..<(streams.count * (part + 1) / parts)])
        }
    }
}
