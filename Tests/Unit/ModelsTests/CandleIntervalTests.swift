// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import Testing

@Suite struct CandleIntervalTests {
    @Test(arguments: CandleInterval.Span.allCases)
    func `a name is read back`(_ span: CandleInterval.Span) throws {
        #expect(try #require(CandleInterval(name: span.name)) == CandleInterval(span))
        let far = CandleInterval(span, zoneHours: 8)
        #expect(far.name == "\(span.name)+8")
        #expect(CandleInterval(name: far.name) == far)
    }

    @Test(arguments: ["", "1", "2m", "1d+", "1d+0", "1d+15", "1d+8+8", "1M", "1d-8", " 1m"])
    func `other names are none`(_ name: String) {
        #expect(CandleInterval(name: name) == nil)
    }

    @Test(arguments: [
        (1_763_683_200, 1_763_683_260, "1m"),
        (1_763_683_200, 1_763_683_200 + 604_800, "1w"),
        // 2024-02-01, a leap year's February, to 2024-03-01.
        (1_706_745_600, 1_709_251_200, "1mo"),
        // 2025-12-01 to 2026-01-01.
        (1_764_547_200, 1_767_225_600, "1mo"),
        // 2024-02-01 in UTC+8 begins eight hours earlier.
        (1_706_716_800, 1_709_222_400, "1mo+8"),
    ])
    func `a candle is over when the next begins`(_ open: Int64, _ close: Int64, _ name: String) throws {
        let interval = try #require(CandleInterval(name: name))
        #expect(interval.close(of: open * 1_000_000) == close * 1_000_000)
    }
}
