// Part of MarketBus. Apache License 2.0, see LICENSE.

/// How long a candle lasts, and in which zone its days begin.
///
/// The wire name is that of EVENTS ruling 22: `1m`, `1d`, `1d+8`.
public struct CandleInterval: Hashable, Sendable {
    /// The length of a candle.
    public enum Span: UInt8, CaseIterable, Sendable {
        /// Seconds and minutes.
        case second1, minute1, minute3, minute5, minute15, minute30
        /// Hours.
        case hour1, hour2, hour4, hour6, hour8, hour12
        /// Days, a week from Monday, a calendar month.
        case day1, day3, week1, month1
    }

    /// The length.
    public let span: Span
    /// The zone in which days begin.
    ///
    /// - Unit: hours east of UTC.
    public let zoneHours: Int8

    /// Makes an interval; a zone matters from a day on.
    public init(_ span: Span, zoneHours: Int8 = 0) {
        self.span = span
        self.zoneHours = zoneHours
    }

    /// The interval with this name, if there is one.
    public init?(name: String) {
        let parts = name.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
        guard let span = Span.allCases.first(where: { $0.name == parts[0] }) else { return nil }
        guard parts.count == 2 else {
            self.init(span)
            return
        }
        guard let zone = Int8(parts[1]), (1...14).contains(zone) else { return nil }
        self.init(span, zoneHours: zone)
    }

    /// The name on the wire.
    public var name: String { zoneHours == 0 ? span.name : "\(span.name)+\(zoneHours)" }

    /// A small number that differs for all intervals.
    public var code: Int { Int(span.rawValue) &* 32 &+ Int(zoneHours) &+ 15 }

    /// When the candle that opens then is over.
    ///
    /// - Unit: microseconds since the Unix epoch, both.
    public func close(of open: Int64) -> Int64 {
        if span == .month1 { return nextMonth(open) }
        return open &+ span.seconds &* 1_000_000
    }

    private func nextMonth(_ open: Int64) -> Int64 {
        let shift = Int64(zoneHours) * 3_600_000_000
        let day = (open &+ shift) / 86_400_000_000
        var (year, month) = CalendarDay.yearAndMonth(ofDay: day)
        month += 1
        if month == 13 { (year, month) = (year + 1, 1) }
        return CalendarDay.firstDay(year: year, month: month) &* 86_400_000_000 &- shift
    }
}

extension CandleInterval.Span {
    /// The name in intervals.
    public var name: String {
        switch self {
        case .second1: "1s"
        case .minute1: "1m"
        case .minute3: "3m"
        case .minute5: "5m"
        case .minute15: "15m"
        case .minute30: "30m"
        case .hour1: "1h"
        case .hour2: "2h"
        case .hour4: "4h"
        case .hour6: "6h"
        case .hour8: "8h"
        case .hour12: "12h"
        case .day1: "1d"
        case .day3: "3d"
        case .week1: "1w"
        case .month1: "1mo"
        }
    }

    /// The length; that of a month is 30 days.
    ///
    /// - Unit: seconds.
    public var seconds: Int64 {
        switch self {
        case .second1: 1
        case .minute1: 60
        case .minute3: 180
        case .minute5: 300
        case .minute15: 900
        case .minute30: 1800
        case .hour1: 3600
        case .hour2: 7200
        case .hour4: 14_400
        case .hour6: 21_600
        case .hour8: 28_800
        case .hour12: 43_200
        case .day1: 86_400
        case .day3: 259_200
        case .week1: 604_800
        case .month1: 2_592_000
        }
    }
}

/// Days of the Gregorian calendar, counted from 1970-01-01.
enum CalendarDay {
    /// The day on which a month begins.
    static func firstDay(year: Int64, month: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The year and month of a day.
    static func yearAndMonth(ofDay day: Int64) -> (year: Int64, month: Int64) {
        let shifted = max(day, 0) + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let part = (5 * dayOfYear + 2) / 153
        let month = part < 10 ? part + 3 : part - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month)
    }
}
