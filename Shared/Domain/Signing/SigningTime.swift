// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A moment in the forms that venues sign.
public struct SigningTime: Sendable, Hashable {
    /// The moment.
    ///
    /// - Unit: microseconds since the Unix epoch, UTC; from year 0001 to 9999.
    public let microseconds: Int64

    /// Takes a moment; one that no calendar has becomes the nearest that it has.
    public init(microseconds: Int64) {
        self.microseconds = min(max(microseconds, -62_135_596_800_000_000), 253_402_300_799_999_999)
    }

    /// Whole seconds since the Unix epoch.
    public var seconds: Int64 { Self.floor(microseconds, by: 1_000_000) }

    /// Whole milliseconds since the Unix epoch.
    public var milliseconds: Int64 { Self.floor(microseconds, by: 1000) }

    /// As in `2019-11-21T10:00:00`.
    public var isoSeconds: String {
        let day = Self.floor(seconds, by: 86_400)
        let rest = seconds - day * 86_400
        let date = Self.date(ofDay: day)
        let clock = [rest / 3600, rest / 60 % 60, rest % 60].map { Self.padded($0, 2) }
        return "\(Self.padded(date.year, 4))-\(Self.padded(date.month, 2))-\(Self.padded(date.day, 2))T"
            + clock.joined(separator: ":")
    }

    /// As in `2020-12-08T09:08:57.715Z`.
    public var isoMilliseconds: String {
        "\(isoSeconds).\(Self.padded(milliseconds - seconds * 1000, 3))Z"
    }

    /// The Gregorian date of a day since the Unix epoch, by years that begin in March.
    private static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = floor(shifted, by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let march = (5 * dayOfYear + 2) / 153
        let month = march < 10 ? march + 3 : march - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * march + 2) / 5 + 1)
    }

    private static func floor(_ value: Int64, by unit: Int64) -> Int64 {
        value / unit - (value % unit < 0 ? 1 : 0)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
