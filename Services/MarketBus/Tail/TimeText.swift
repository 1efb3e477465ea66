// Part of MarketBus. Apache License 2.0, see LICENSE.

import KafkaBus

/// Times as an operator writes them.
enum TimeText {
    /// The position that a text names: begin, end, `10m` ago, a date with time in UTC, or milliseconds.
    static func position(_ text: String, now: Int64) -> StartPosition? {
        switch text {
        case "begin": return .begin
        case "end": return .end
        default: break
        }
        if let milliseconds = Int64(text), milliseconds >= 0 { return .timestamp(milliseconds: milliseconds) }
        if let ago = span(text) { return .timestamp(milliseconds: max(0, now - ago)) }
        return date(text).map { .timestamp(milliseconds: $0) }
    }

    /// The milliseconds of `30s`, `10m`, `2h`, `1d`.
    static func span(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let last = text.last, let unit = units[last], let number = Int64(text.dropLast()), number >= 0
        else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? nil : product
    }

    /// The milliseconds since the epoch of `2026-11-21T12:00:00Z`; seconds, time and `Z` may be left out.
    static func date(_ text: String) -> Int64? {
        let body = text.hasSuffix("Z") ? String(text.dropLast()) : text
        let halves = body.split(whereSeparator: { $0 == "T" || $0 == " " }).map(String.init)
        guard let day = halves.first, halves.count <= 2 else { return nil }
        let parts = numbers(day, "-")
        let clock = halves.count == 2 ? numbers(halves[1], ":") : [0, 0]
        guard let parts, let clock, parts.count == 3, (2...3).contains(clock.count),
            (1970...9999).contains(parts[0]), (1...12).contains(parts[1]), (1...31).contains(parts[2]),
            (0...23).contains(clock[0]), (0...59).contains(clock[1])
        else { return nil }
        let seconds = clock.count == 3 ? clock[2] : 0
        guard (0...60).contains(seconds) else { return nil }
        let days = daysSinceEpoch(parts[0], parts[1], parts[2])
        return ((days * 24 + clock[0]) * 60 + clock[1]) * 60_000 + seconds * 1000
    }

    private static func numbers(_ text: String, _ separator: Character) -> [Int64]? {
        var found: [Int64] = []
        for part in text.split(separator: separator, omittingEmptySubsequences: false) {
            guard part.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int64(part) else { return nil }
            found.append(number)
        }
        return found
    }

    /// Days of the Gregorian calendar, counted in years that begin in March, so that leap days come last.
    private static func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let monthFromMarch = (month + 9) % 12
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
