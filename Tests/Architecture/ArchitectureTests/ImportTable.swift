// Part of MarketBus. Apache License 2.0, see LICENSE.

/// The table of DESIGN section 2 as data: which room may import what.
///
/// Choices that the page leaves open: within Foundations the order is FixedPoint, then Models, Queues, JSONView and
/// Compression; within Runtime, Observability comes before Lifecycle; within Domain, Quotes before Arbitrage and Routing. `FeedKit`
/// is the part of the feeds that they share, so it lies on the services' floor and feeds may import it.
struct ImportTable {
    let venues: [String]

    static let foundations: Set<String> = [
        "FixedPoint", "Models", "Queues", "JSONView", "Compression", "Secrets",
    ]
    static let domain: Set<String> = [
        "Wire", "OrderBooks", "Quotes", "Arbitrage", "Routing", "Integrity", "Signing",
    ]
    static let runtime: Set<String> = ["Lifecycle", "Configuration", "Observability"]
    static let edges: Set<String> = ["WebSocket", "REST", "HTTPServer", "KafkaBus", "Store", "RecordLines"]
    static let programs: Set<String> = [
        "Aggregator", "MarketBus", "ExchangeTwin", "Benchmarks", "FrameFuzz", "CompressionFuzz",
        "MarketJudge",
    ]
    /// What every room may import: the language itself.
    private static let language: Set<String> = ["Swift", "Synchronization"]
    /// The C library as Swift sees it: only where a room owns a piece of the machine.
    private static let system: Set<String> = ["Glibc"]

    private static let rows: [String: Set<String>] = [
        "Foundations/FixedPoint": [],
        "Foundations/Models": ["FixedPoint"],
        "Foundations/Queues": ["Glibc"],  // for the mutex of PlatformLock
        "Foundations/JSONView": ["FixedPoint", "CSimdJSON"],
        "Foundations/Compression": ["CDeflate", "CZstd"],
        "Foundations/Secrets": ["Glibc"],  // for explicit_bzero
        "Domain/Wire": foundations,
        "Domain/OrderBooks": foundations,
        "Domain/Signing": foundations.union(["COpenSSL"]),
        "Domain/Quotes": foundations,
        "Domain/Integrity": foundations,
        "Domain/Arbitrage": foundations.union(["Quotes"]),
        "Domain/Routing": foundations.union(["Quotes"]),
        "Runtime/Observability": foundations.union(["CPlatform"]),
        "Runtime/Configuration": foundations.union(["CPlatform", "CYAML"]),
        "Runtime/Lifecycle": foundations.union(["CPlatform", "Observability"]),
        "Edges/WebSocket": foundations.union(runtime).union(system).union(["CWebSockets"]),
        "Edges/REST": foundations.union(runtime).union(system).union(["CCurl"]),
        "Edges/HTTPServer": foundations.union(runtime).union(["CPlatform"]),
        "Edges/Store": foundations.union(runtime).union(["CPlatform"]),
        "Edges/KafkaBus": foundations.union(runtime).union(system).union(["CRdKafka", "Wire"]),
        "Edges/RecordLines": foundations.union(runtime).union(system).union(["CPlatform", "Wire"]),
        "Venues/VenueKit": foundations.union(domain).union(runtime).union(["WebSocket", "REST"]),
    ]

    /// The modules that the file may import, or nil when it lies in no room that the table knows.
    func allowed(for path: String) -> Set<String>? {
        let parts = path.split(separator: "/").map(String.init)
        guard parts.count >= 3 else { return nil }
        switch parts[0] {
        case "Shared":
            if let row = Self.rows["\(parts[1])/\(parts[2])"] { return row.union(Self.language) }
            guard parts[1] == "Venues", venues.contains(parts[2]) else { return nil }
            return Self.foundations.union(Self.language).union([
                "OrderBooks", "Signing", "VenueKit",
            ])
        case "Services":
            let below = Self.foundations.union(Self.domain).union(Self.runtime).union(Self.edges).union(
                venues
            )
            let common = below.union(Self.language).union(Self.system).union([
                "VenueKit", "CPlatform", "Foundation",
            ])
            // The command records as a feed reads: with the feeds' own wiring.
            return parts[1].hasSuffix("Feed") || parts[1] == "MarketBus" ? common.union(["FeedKit"]) : common
        default:
            return nil
        }
    }

    /// Modules that a test may not import: a program is for the tests that have its name.
    func forbidden(inTest path: String) -> Set<String> {
        let programs = Self.programs.union(venues.map { "\($0)Feed" })
        return programs.filter { !path.hasPrefix("Tests/Unit/\($0)Tests/") }
    }
}
