// Part of MarketBus. Apache License 2.0, see LICENSE.

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
    /// As few connections as the venue's limit allows, in the order of the streams, evenly filled for each endpoint.
    public static func plan(
        _ streams: [(stream: VenueStream, endpoint: String)],
        streamsPerConnection limit: Int
    ) -> [ConnectionPlan] {
        var order: [String] = []
        var byEndpoint: [String: [VenueStream]] = [:]
        for (stream, endpoint) in streams {
            if byEndpoint[endpoint] == nil { order.append(endpoint) }
            byEndpoint[endpoint, default: []].append(stream)
        }
        return order.flatMap { endpoint in
            split(byEndpoint[endpoint] ?? [], limit: max(limit, 1))
                .map { ConnectionPlan(endpoint: endpoint, streams: $0) }
        }
    }

    private static func split(_ streams: [VenueStream], limit: Int) -> [[VenueStream]] {
        let parts = (streams.count + limit - 1) / limit
        guard parts > 0 else { return [] }
        return (0..<parts).map { part in
            Array(streams[(streams.count * part / parts)..<(streams.count * (part + 1) / parts)])
        }
    }
}
