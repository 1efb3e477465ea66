// Part of MarketBus. Apache License 2.0, see LICENSE.

import Testing

/// The rules on the real tree.
@Suite struct ArchitectureTests {
    private let files: [SourceFile]
    private let table: ImportTable

    init() throws {
        files = try Repository.read.get()
        table = ImportTable(venues: VenueInventory.listed(inManifest: try Repository.text("Package.swift")))
        try #require(files.count > 50)
    }

    @Test func `every import points down`() {
        report(Checks.imports(files, table: table))
    }

    @Test func `nothing traps on purpose`() {
        report(Checks.traps(files))
    }

    @Test func `every unchecked Sendable says why it is safe`() {
        report(Checks.unchecked(files))
    }

    @Test func `no file is longer than 600 lines`() {
        report(Checks.sizes(files))
    }

    @Test func `every file names the licence`() {
        report(Checks.headers(files))
    }

    @Test func `manifest, folders, services and tests have the same venues`() {
        let folders = Repository.names(in: "Shared/Venues").filter { $0 != "VenueKit" }
        let inventory = VenueInventory(
            listed: table.venues,
            folders: folders,
            feeds: Repository.names(in: "Services").filter { $0.hasSuffix("Feed") },
            tests: Repository.names(in: "Tests/Venues").filter { $0.hasSuffix("Tests") },
            files: Dictionary(
                uniqueKeysWithValues: folders.map { ($0, Repository.names(in: "Shared/Venues/\($0)")) }
            )
        )
        #expect(inventory.disagreements == [])
    }

    private func report(_ violations: [Violation]) {
        #expect(violations.map(\.description) == [])
    }
}
