// Part of MarketBus. Apache License 2.0, see LICENSE.

/// One broken rule.
struct Violation: CustomStringConvertible, Equatable {
    let path: String
    let line: Int
    let rule: String

    var description: String { "\(path):\(line): \(rule)" }
}

/// The rules, each a pure function of the sources.
enum Checks {
    static let maximumLines = 600
    /// The few places that may trap, with the reason.
    static let mayTrap: [(path: String, word: String, reason: String)] = []

    private static let trapping = ["fatalError(", "try!", "as!"]
    /// How far from `@unchecked Sendable` its reason may stand.
    private static let safetyDistance = 8

    /// Every import is in the importing room's row of the table.
    static func imports(_ files: [SourceFile], table: ImportTable) -> [Violation] {
        files.flatMap { file -> [Violation] in
            if file.path.hasPrefix("Tests/") {
                let forbidden = table.forbidden(inTest: file.path)
                return file.imports.filter { forbidden.contains($0.module) }.map { found in
                    Violation(
                        path: file.path,
                        line: found.line,
                        rule: "a test may not import the program \(found.module)"
                    )
                }
            }
            guard let allowed = table.allowed(for: file.path) else {
                return [Violation(path: file.path, line: 1, rule: "lies in no room of the import table")]
            }
            return file.imports.filter { !allowed.contains($0.module) }.map { found in
                Violation(path: file.path, line: found.line, rule: "may not import \(found.module)")
            }
        }
    }

    /// Nothing outside the allow-list can trap on purpose.
    static func traps(_ files: [SourceFile]) -> [Violation] {
        files.filter { !$0.path.hasPrefix("Tests/") || $0.path.hasPrefix("Tests/ExchangeTwin/") }.flatMap {
            file in
            file.code.enumerated().flatMap { index, line in
                trapping.filter { word in
                    line.contains(word) && !mayTrap.contains { $0.path == file.path && $0.word == word }
                }.map { Violation(path: file.path, line: index + 1, rule: "\($0) can trap") }
            }
        }
    }

    /// Every `@unchecked Sendable` has its reason beside it.
    static func unchecked(_ files: [SourceFile]) -> [Violation] {
        files.flatMap { file in
            file.code.enumerated().compactMap { index, line in
                guard line.contains("@unchecked Sendable") else { return nil }
                let near = max(0, index - safetyDistance)..<min(file.lines.count, index + safetyDistance + 1)
                guard !file.lines[near].contains(where: { $0.contains("// Safety:") }) else { return nil }
                return Violation(
                    path: file.path,
                    line: index + 1,
                    rule: "@unchecked Sendable without // Safety:"
                )
            }
        }
    }

    /// No file is longer than a reader's patience.
    static func sizes(_ files: [SourceFile]) -> [Violation] {
        files.compactMap { file in
            let count = file.lines.count - (file.lines.last?.isEmpty == true ? 1 : 0)
            guard count > maximumLines else { return nil }
            return Violation(path: file.path, line: count, rule: "\(count) lines, more than \(maximumLines)")
        }
    }

    /// Every file begins with the licence line.
    static func headers(_ files: [SourceFile]) -> [Violation] {
        files.filter { !$0.text.hasPrefix("// Part of MarketBus. Apache License 2.0, see LICENSE.\n") }.map {
            file in
            Violation(path: file.path, line: 1, rule: "the licence line is missing")
        }
    }
}

/// What exists of every venue.
struct VenueInventory {
    static let fixedFiles = [
        "BookSync.swift", "Decoder.swift", "ErrorTable.swift", "RESTCalls.swift", "SigningRecipe.swift",
        "Subscriptions.swift", "Symbols.swift", "Venue.swift",
    ]

    /// The manifest's list.
    var listed: [String]
    /// The folders in Shared/Venues.
    var folders: [String]
    /// The folders in Services that end in Feed.
    var feeds: [String]
    /// The folders in Tests/Venues.
    var tests: [String]
    /// The files of each folder in Shared/Venues.
    var files: [String: [String]]

    /// What does not agree.
    var disagreements: [String] {
        var result: [String] = []
        func compare(_ name: String, _ found: [String], _ wanted: [String]) {
            for missing in Set(wanted).subtracting(found).sorted() {
                result.append("\(name): \(missing) is missing")
            }
            for extra in Set(found).subtracting(wanted).sorted() {
                result.append("\(name): \(extra) is not in the list")
            }
        }
        compare("Shared/Venues", folders, listed)
        compare("Services", feeds, listed.map { "\($0)Feed" })
        compare("Tests/Venues", tests, listed.map { "\($0)Tests" })
        for venue in listed {
            for missing in Set(Self.fixedFiles).subtracting(files[venue] ?? []).sorted() {
                result.append("Shared/Venues/\(venue): \(missing) is missing")
            }
        }
        return result
    }

    /// The words of `let venues = [...]` in the manifest.
    static func listed(inManifest text: String) -> [String] {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("let venues = [") }) else {
            return []
        }
        return line.split(separator: "\"").enumerated().filter { $0.offset % 2 == 1 }.map {
            String($0.element)
        }
    }
}
