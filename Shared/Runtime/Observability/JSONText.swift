// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Builds one flat JSON object's members; every member ends with a comma that the caller removes after the last.
struct JSONText {
    static let maximumStringBytes = 1024

    var bytes: [UInt8] = []

    mutating func raw(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    mutating func member(_ name: String, _ value: LogValue) {
        quoted(name)
        bytes.append(UInt8(ascii: ":"))
        switch value {
        case .string(let text): quoted(text)
        case .int(let number): raw(String(number))
        case .double(let number): raw(number.isFinite ? String(number) : "null")
        case .bool(let flag): raw(flag ? "true" : "false")
        }
        bytes.append(UInt8(ascii: ","))
    }

    /// Appends RFC 3339 in UTC with microseconds.
    mutating func timestamp(nanoseconds: Int64) {
        let micros = Int64(nanoseconds / 1000)
        let seconds = micros / 1_000_000
        let days = seconds / 86_400
        let inDay = Int(seconds % 86_400)
        let date = Self.civilDate(daysSinceEpoch: Int(days))
        digits(date.year, 4, then: "-")
        digits(date.month, 2, then: "-")
        digits(date.day, 2, then: "T")
        digits(inDay / 3600, 2, then: ":")
        digits(inDay / 60 % 60, 2, then: ":")
        digits(inDay % 60, 2, then: ".")
        digits(Int(micros % 1_000_000), 6, then: "Z")
    }

    private mutating func digits(_ number: Int, _ width: Int, then separator: Unicode.Scalar) {
        var divisor = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
        bytes.append(UInt8(ascii: separator))
    }

    private mutating func quoted(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var room = Self.maximumStringBytes
        for scalar in text.unicodeScalars {
            room -= UTF8.width(scalar)
            guard room >= 0 else {
                raw("…")
                break
            }
            escaped(scalar)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escaped(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": raw("\\\"")
        case "\\": raw("\\\\")
        case "\n": raw("\\n")
        case "\t": raw("\\t")
        case "\r": raw("\\r")
        case _ where scalar.value < 0x20 || scalar.value == 0x7F:
            raw("\\u00")
            let hex = Array("0123456789abcdef".utf8)
            bytes.append(hex[Int(scalar.value >> 4 & 15)])
            bytes.append(hex[Int(scalar.value & 15)])
        default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
    }

    /// The proleptic Gregorian date of a day number, counted in 400-year eras that begin on 1 March.
    private static func civilDate(daysSinceEpoch: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = daysSinceEpoch + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}
