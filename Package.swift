// swift-tools-version: 6.0
// The manifest is the map of the house: one line a room, grouped by floor (ARCHITECTURE.md).
// Arrows point down only; Tests/Architecture checks every import against the table there.
import PackageDescription

/// The exchanges that have a room in Shared/Venues, a feed in Services and tests in Tests/Venues.
let venues = ["Binance", "OKX", "HTX", "Coinbase", "Gateway"]

/// Programs with libFuzzer's main, which other builds have no use for; `deploy/scripts/fuzz.sh` sets it.
let isFuzzBuild = Context.environment["MARKETBUS_FUZZ"] == "1"
let warningsAreErrors = Context.environment["MARKETBUS_STRICT"] == "1"
let swiftFlags: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        // The hot path crosses rooms (JSONView, FixedPoint, Wire); this lets the compiler see through the walls.
        // Exclusivity is proven at compile time or checked at run time in debug builds and tests; release builds
        // leave out the run-time part, which was a tenth of the cost of an event.
        .unsafeFlags(
            ["-cross-module-optimization", "-enforce-exclusivity=unchecked"],
            .when(configuration: .release)
        ),
    ] + (warningsAreErrors ? [.unsafeFlags(["-warnings-as-errors"])] : [])
    // libFuzzer steers by what the rooms do, so all of them count their edges.
    + (isFuzzBuild ? [.unsafeFlags(["-sanitize=fuzzer", "-enable-testing"])] : [])
/// What only looks on does not count: it would be slower, and steer libFuzzer into itself.
let onlookerFlags: [SwiftSetting] = [.swiftLanguageMode(.v6)]

/// A C target that adapts one system library.
func shim(_ name: String, libraries: [String] = [], cFlags: [CSetting] = []) -> Target {
    .target(
        name: name,
        path: "Shared/CShims/\(name)",
        cSettings: cFlags,
        linkerSettings: libraries.map { .linkedLibrary($0) }
    )
}

/// A library target at `Shared/<floor>/<name>`.
func room(_ floor: String, _ name: String, _ dependencies: [String] = []) -> Target {
    .target(
        name: name,
        dependencies: dependencies.map { .byName(name: $0) },
        path: "Shared/\(floor)/\(name)",
        swiftSettings: swiftFlags
    )
}

/// An executable target; the folder is named like the target, the product like the command.
func program(_ name: String, at path: String, _ dependencies: [String]) -> Target {
    .executableTarget(
        name: name,
        dependencies: dependencies.map { .byName(name: $0) },
        path: path,
        swiftSettings: swiftFlags
    )
}

/// A test target at `Tests/<suite>/<name>`.
func tests(_ suite: String, _ name: String, _ dependencies: [String], exclude: [String] = []) -> Target {
    .testTarget(
        name: name,
        dependencies: dependencies.map { .byName(name: $0) },
        path: "Tests/\(suite)/\(name)",
        exclude: exclude,
        swiftSettings: swiftFlags
    )
}

let foundations = ["FixedPoint", "Models", "Queues", "JSONView", "Compression", "Secrets"]
let runtime = ["Lifecycle", "Configuration", "Observability"]

let shims: [Target] = [
    shim("CPlatform"),
    shim("CSimdJSON", libraries: ["simdjson"]),
    shim("CRdKafka", libraries: ["rdkafka"]),
    shim("CWebSockets", libraries: ["websockets", "z"]),
    shim("CCurl", libraries: ["curl"]),
    shim("CYAML", libraries: ["yaml"]),
    shim("COpenSSL", libraries: ["ssl", "crypto"]),
    shim("CDeflate", libraries: ["deflate", "z"]),
    shim("CZstd", libraries: ["zstd"]),
]

let rooms: [Target] = [
    room("Foundations", "FixedPoint"),
    room("Foundations", "Models", ["FixedPoint"]),
    room("Foundations", "Queues"),
    room("Foundations", "JSONView", ["FixedPoint", "CSimdJSON"]),
    room("Foundations", "Compression", ["CDeflate", "CZstd"]),
    room("Foundations", "Secrets"),

    room("Domain", "Wire", foundations),
    room("Domain", "OrderBooks", ["FixedPoint", "Models"]),
    room("Domain", "Signing", ["COpenSSL", "JSONView", "Secrets"]),
    room("Domain", "Quotes", ["FixedPoint", "Models"]),
    room("Domain", "Integrity"),
    room("Domain", "Arbitrage", ["FixedPoint", "Models", "Quotes"]),
    room("Domain", "Routing", ["FixedPoint", "Models", "Quotes"]),

    room("Runtime", "Lifecycle", ["CPlatform", "Observability"]),
    room("Runtime", "Configuration", ["CPlatform", "CYAML", "Secrets"]),
    room("Runtime", "Observability", ["CPlatform", "Queues"]),

    room("Edges", "WebSocket", ["CWebSockets", "Observability", "Lifecycle"]),
    room("Edges", "REST", ["CCurl", "Observability", "Lifecycle"]),
    room("Edges", "HTTPServer", ["CPlatform", "Observability", "Lifecycle"]),
    room("Edges", "Store", ["CPlatform", "Compression", "Observability", "Lifecycle"]),
    room("Edges", "RecordLines", ["CPlatform", "Wire", "JSONView", "Lifecycle"]),
    room("Edges", "KafkaBus", ["CRdKafka", "Wire", "Queues", "Observability", "Lifecycle", "Configuration"]),

    room("Venues", "VenueKit", foundations + runtime + ["OrderBooks", "Wire", "WebSocket", "REST"]),
]

let venueRooms: [Target] = venues.flatMap { venue in
    [
        room("Venues", venue, foundations + ["OrderBooks", "Signing", "VenueKit"]),
        program(
            "\(venue)Feed",
            at: "Services/\(venue)Feed",
            // VenueKit by name: its classes are laid out in the program too, which must be built anew with them.
            [venue, "FeedKit", "VenueKit"]
        ),
        tests(
            "Venues",
            "\(venue)Tests",
            [
                venue, "VenueKit", "OrderBooks", "Signing", "Wire", "TestKit", "VenueTestKit",
                "AllocationCount",
            ] + foundations
        ),
    ]
}

let services: [Target] = [
    .target(
        name: "FeedKit",
        dependencies: (["VenueKit", "KafkaBus", "HTTPServer", "Store", "Wire"] + foundations + runtime)
            .map { .byName(name: $0) },
        path: "Services/FeedKit",
        swiftSettings: swiftFlags
    ),
    program(
        "Aggregator",
        at: "Services/Aggregator",
        ["Quotes", "Arbitrage", "Routing", "Wire", "KafkaBus", "HTTPServer", "RecordLines"] + foundations
            + runtime
    ),
    program(
        "MarketBus",
        at: "Services/MarketBus",
        [
            "Integrity", "Signing", "FeedKit", "Store", "VenueKit", "KafkaBus", "HTTPServer", "REST", "Wire",
            "RecordLines", "CPlatform",
        ]
            + foundations
            + runtime + venues
    ),
]

let testTargets: [Target] = [
    .target(
        name: "TestKit",
        dependencies: ["FixedPoint", "Models", "Lifecycle", "Observability"],
        path: "Tests/Support/TestKit",
        swiftSettings: swiftFlags
    ),
    .target(
        name: "VenueTestKit",
        dependencies: (["VenueKit", "Wire"] + foundations).map { .byName(name: $0) },
        path: "Tests/Support/VenueTestKit",
        swiftSettings: swiftFlags
    ),
    .target(name: "CAllocationCount", path: "Tests/Support/CAllocationCount"),
    .target(
        name: "AllocationCount",
        dependencies: ["CAllocationCount"],
        path: "Tests/Support/AllocationCount",
        swiftSettings: swiftFlags
    ),
    .executableTarget(
        name: "ExchangeTwin",
        dependencies: ["CDeflate", "COpenSSL", "CPlatform"],
        path: "Tests/ExchangeTwin",
        exclude: ["README.md", "tests"],
        // Load is measured against it, in debug builds too: it is always optimised.
        swiftSettings: swiftFlags + [.unsafeFlags(["-O"], .when(configuration: .debug))]
    ),
    .executableTarget(
        name: "Benchmarks",
        dependencies: ([
            "VenueKit", "OrderBooks", "KafkaBus", "Wire", "WebSocket", "CRdKafka", "CPlatform",
            "AllocationCount", "Quotes", "Arbitrage",
        ] + foundations + runtime
            + venues)
            .map { .byName(name: $0) },
        path: "Tests/Benchmarks",
        exclude: ["RESULTS.md", "run.py", "floors"],
        swiftSettings: swiftFlags
    ),
    .executableTarget(
        name: "MarketJudge",
        dependencies: ["Arbitrage", "Routing", "Quotes", "Models", "FixedPoint"],
        path: "Tests/MarketJudge",
        swiftSettings: swiftFlags
    ),
    .executableTarget(
        name: "FrameFuzz",
        dependencies: (["VenueKit", "Wire", "WebSocket", "VenueTestKit"] + foundations + venues)
            .map { .byName(name: $0) },
        path: "Tests/Fuzz",
        exclude: ["LibFuzzer", "README.md", "corpus.py", "sockets.py"],
        swiftSettings: swiftFlags
    ),
    tests("Unit", "FixedPointTests", ["FixedPoint", "TestKit"]),
    tests("Unit", "ModelsTests", ["Models", "FixedPoint", "TestKit"]),
    tests("Unit", "QueuesTests", ["Queues", "Lifecycle", "Observability", "TestKit"]),
    tests(
        "Unit",
        "JSONViewTests",
        ["JSONView", "FixedPoint", "TestKit", "AllocationCount"],
        exclude: ["Frames"]
    ),
    tests("Unit", "CompressionTests", ["Compression", "CDeflate", "TestKit", "AllocationCount"]),
    tests("Unit", "WireTests", ["Wire", "TestKit", "AllocationCount"] + foundations, exclude: ["Golden"]),
    tests("Unit", "RecordLinesTests", ["RecordLines", "Wire", "Lifecycle", "TestKit"]),
    tests("Unit", "SigningTests", ["Signing", "Secrets", "COpenSSL", "TestKit"]),
    tests("Unit", "OrderBooksTests", ["OrderBooks", "Models", "FixedPoint", "TestKit", "AllocationCount"]),
    tests("Unit", "QuotesTests", ["Quotes", "Models", "FixedPoint", "TestKit"]),
    tests("Unit", "ArbitrageTests", ["Arbitrage", "Quotes", "Models", "FixedPoint", "TestKit"]),
    tests("Unit", "RoutingTests", ["Routing", "Quotes", "Models", "FixedPoint"]),
    tests("Unit", "IntegrityTests", ["Integrity", "VenueTestKit"]),
    tests(
        "Unit",
        "AggregatorTests",
        ["Aggregator", "Arbitrage", "Quotes", "Wire", "KafkaBus"] + foundations + runtime
    ),
    tests("Unit", "LifecycleTests", ["Lifecycle", "Observability", "TestKit"]),
    tests("Unit", "ConfigurationTests", ["Configuration", "TestKit"]),
    tests("Unit", "ObservabilityTests", ["Observability", "TestKit"]),
    tests(
        "Unit",
        "VenueKitTests",
        ["VenueKit", "OrderBooks", "Wire", "TestKit", "VenueTestKit"] + foundations + runtime
    ),
    tests(
        "Unit",
        "DriftTests",
        ["VenueKit", "Wire", "TestKit", "VenueTestKit", "AllocationCount"] + foundations + runtime + venues,
        exclude: ["Samples"]
    ),
    tests("Integration", "HTTPServerTests", ["HTTPServer", "Observability", "Lifecycle", "TestKit"]),
    tests(
        "Integration",
        "WebSocketTests",
        ["WebSocket", "Observability", "Lifecycle", "TestKit"],
        exclude: ["peers"]
    ),
    tests("Integration", "RESTTests", ["REST", "Observability", "Lifecycle", "TestKit"], exclude: ["peers"]),
    tests(
        "Integration",
        "KafkaBusTests",
        ["KafkaBus", "Wire", "Observability", "Lifecycle", "Configuration", "TestKit"] + foundations
    ),
    tests("Architecture", "ArchitectureTests", []),
]

let fuzzers: [Target] =
    isFuzzBuild
    ? [
        .executableTarget(
            name: "InputFuzz",
            dependencies: (["VenueKit", "OrderBooks", "Wire", "WebSocket", "VenueTestKit"] + foundations
                + venues)
                .map { .byName(name: $0) },
            path: "Tests/Fuzz/LibFuzzer",
            swiftSettings: onlookerFlags,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]
        )
    ] : []

let package = Package(
    name: "marketbus",
    products: [
        .executable(name: "aggregator", targets: ["Aggregator"]),
        .executable(name: "marketbus", targets: ["MarketBus"]),
        .executable(name: "exchange-twin", targets: ["ExchangeTwin"]),
        .executable(name: "benchmarks", targets: ["Benchmarks"]),
        .executable(name: "frame-fuzz", targets: ["FrameFuzz"]),
        .executable(name: "market-judge", targets: ["MarketJudge"]),
    ] + fuzzers.map { .executable(name: "input-fuzz", targets: [$0.name]) }
        + venues.map { .executable(name: "\($0.lowercased())-feed", targets: ["\($0)Feed"]) },
    targets: shims + rooms + venueRooms + services + testTargets + fuzzers,
    cxxLanguageStandard: .cxx17
)
