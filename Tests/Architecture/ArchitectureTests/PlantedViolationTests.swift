// Part of MarketBus. Apache License 2.0, see LICENSE.

import Testing

/// The checks themselves: each must see what was planted for it, and nothing else.
@Suite struct PlantedViolationTests {
    private let table = ImportTable(venues: ["Binance", "OKX"])

    @Test(arguments: [
        ("Shared/Foundations/FixedPoint/A.swift", "Foundation"),
        ("Shared/Foundations/Models/A.swift", "JSONView"),
        ("Shared/Foundations/Queues/A.swift", "Models"),
        ("Shared/Foundations/JSONView/A.swift", "CRdKafka"),
        ("Shared/Domain/Wire/A.swift", "Observability"),
        ("Shared/Domain/Quotes/A.swift", "Arbitrage"),
        ("Shared/Domain/Arbitrage/A.swift", "Glibc"),
        ("Shared/Runtime/Observability/A.swift", "Lifecycle"),
        ("Shared/Runtime/Configuration/A.swift", "Foundation"),
        ("Shared/Edges/KafkaBus/A.swift", "WebSocket"),
        ("Shared/Edges/WebSocket/A.swift", "CCurl"),
        ("Shared/Edges/HTTPServer/A.swift", "Wire"),
        ("Shared/Venues/VenueKit/A.swift", "KafkaBus"),
        ("Shared/Venues/VenueKit/A.swift", "Foundation"),
        ("Shared/Venues/OKX/A.swift", "Binance"),
        ("Shared/Venues/OKX/A.swift", "WebSocket"),
        ("Shared/Venues/Binance/A.swift", "Foundation"),
        ("Services/FeedKit/A.swift", "Aggregator"),
        ("Services/Aggregator/A.swift", "FeedKit"),
        ("Services/MarketBus/A.swift", "CRdKafka"),
        ("Tests/Unit/XTests/A.swift", "OKXFeed"),
    ])
    func `an import that points up or sideways is found`(path: String, module: String) {
        for line in [
            "import \(module)", "@testable import \(module)", "public import struct \(module).Thing",
        ] {
            let file = SourceFile(path: path, text: "// Licence\n\n\(line)\n")
            let found = Checks.imports([file], table: table)
            #expect(found.count == 1)
            #expect(found.first?.line == 3)
            #expect(found.first?.rule.contains(module) == true)
        }
    }

    @Test(arguments: [
        ("Shared/Foundations/Models/A.swift", "FixedPoint"), ("Shared/Domain/Arbitrage/A.swift", "Quotes"),
        ("Shared/Edges/KafkaBus/A.swift", "Wire"), ("Shared/Venues/OKX/A.swift", "VenueKit"),
        ("Services/OKXFeed/main.swift", "FeedKit"), ("Services/Aggregator/A.swift", "KafkaBus"),
        ("Tests/Unit/XTests/A.swift", "Foundation"),
    ])
    func `an import that points down is not`(path: String, module: String) {
        #expect(Checks.imports([SourceFile(path: path, text: "import \(module)\n")], table: table) == [])
    }

    @Test(arguments: [
        "Shared/Cellar/A.swift", "Shared/Runtime/Attic/A.swift", "Shared/Venues/Kraken/A.swift",
        "Shared/A.swift",
    ])
    func `a room that the table does not know is found`(path: String) {
        #expect(Checks.imports([SourceFile(path: path, text: "")], table: table).count == 1)
    }

    @Test func `words that trap are found in code only`() {
        let text = """
            // fatalError( in a comment, try! and as! too
            /* as! /* nested */ try! */
            let a = "try! as! fatalError("
            let b = #"a " try! "#
            let c = \"\"\"
                as! "quoted" try!
                \"\"\"
            let d = try! e()
            let f = g as! H; fatalError("no")
            let basic = canvas as? Canvas
            """
        let found = Checks.traps([SourceFile(path: "Shared/Edges/REST/A.swift", text: text)])
        #expect(found.map(\.line) == [8, 9, 9])
        #expect(Checks.traps([SourceFile(path: "Tests/Unit/XTests/A.swift", text: text)]) == [])
    }

    @Test func `an unchecked Sendable without its reason is found`() {
        let bare = "final class A: @unchecked Sendable {\n}\n"
        let reasoned = "final class A: @unchecked Sendable {\n    // Safety: written once.\n}\n"
        let far = bare + String(repeating: "\n", count: 30) + "// Safety: of something else\n"
        #expect(Checks.unchecked([SourceFile(path: "Shared/Edges/REST/A.swift", text: bare)]).count == 1)
        #expect(Checks.unchecked([SourceFile(path: "Shared/Edges/REST/A.swift", text: reasoned)]) == [])
        #expect(Checks.unchecked([SourceFile(path: "Shared/Edges/REST/A.swift", text: far)]).count == 1)
    }

    @Test func `a file of 601 lines is found, one of 600 is not`() {
        let lines = { (count: Int) in String(repeating: "let a = 1\n", count: count) }
        #expect(Checks.sizes([SourceFile(path: "Shared/A.swift", text: lines(600))]) == [])
        #expect(Checks.sizes([SourceFile(path: "Shared/A.swift", text: lines(601))]).count == 1)
    }

    @Test func `a file without the licence line is found`() {
        #expect(Checks.headers([SourceFile(path: "Shared/A.swift", text: "import Swift\n")]).count == 1)
    }

    @Test func `a venue that is somewhere and not elsewhere is found`() {
        let whole = VenueInventory(
            listed: ["OKX"],
            folders: ["OKX"],
            feeds: ["OKXFeed"],
            tests: ["OKXTests"],
            files: ["OKX": VenueInventory.fixedFiles]
        )
        #expect(whole.disagreements == [])
        var broken = whole
        broken.folders = ["HTX", "OKX"]
        broken.feeds = []
        broken.tests = ["OKTests"]
        broken.files = ["OKX": VenueInventory.fixedFiles.filter { $0 != "Symbols.swift" }]
        #expect(
            broken.disagreements == [
                "Shared/Venues: HTX is not in the list", "Services: OKXFeed is missing",
                "Tests/Venues: OKXTests is missing", "Tests/Venues: OKTests is not in the list",
                "Shared/Venues/OKX: Symbols.swift is missing",
            ]
        )
    }

    @Test func `the manifest's list is read`() {
        let manifest = "// let venues = [\"No\"]\nlet venues = [\"Binance\", \"OKX\"]\nlet other = [\"Z\"]\n"
        #expect(VenueInventory.listed(inManifest: manifest) == ["Binance", "OKX"])
    }
}
