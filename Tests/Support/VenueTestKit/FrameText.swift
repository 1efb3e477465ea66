// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A flat JSON object as the list of its fields, for tests that reorder, remove, add and replace some.
public struct FrameText: CustomStringConvertible {
    /// The fields: name and value as they are spelled.
    public var fields: [(name: String, value: String)] = []

    /// Takes an object apart; its values may hold anything, its names no escapes.
    public init(_ object: String) {
        var depth = 0
        var isInString = false
        var isEscaped = false
        var start = object.startIndex
        for index in object.indices {
            let character = object[index]
            if character == "\"", !isEscaped { isInString.toggle() }
            isEscaped = character == "\\" && !isEscaped
            guard !isInString else { continue }
            if character == "{" || character == "[" {
                depth += 1
                if depth == 1 { start = object.index(after: index) }
            }
            let isEnd = depth == 1 && (character == "," || character == "}")
            if isEnd { add(object[start..<index]) }
            if isEnd { start = object.index(after: index) }
            if character == "}" || character == "]" { depth -= 1 }
        }
    }

    private mutating func add(_ field: Substring) {
        guard let colon = field.firstIndex(of: ":") else { return }
        let name = field[..<colon].filter { $0 != "\"" && $0 != " " }
        fields.append((String(name), String(field[field.index(after: colon)...])))
    }

    /// The object as a frame spells it.
    public var description: String {
        "{" + fields.map { "\"\($0.name)\":\($0.value)" }.joined(separator: ",") + "}"
    }

    /// The same without a field.
    public func without(_ name: String) -> FrameText {
        var copy = self
        copy.fields.removeAll { $0.name == name }
        return copy
    }

    /// The same with another value, spelled as JSON; a new field goes to the end.
    public func with(_ name: String, _ value: String) -> FrameText {
        var copy = self
        if let place = copy.fields.firstIndex(where: { $0.name == name }) {
            copy.fields[place].value = value
        } else {
            copy.fields.append((name, value))
        }
        return copy
    }

    /// The same with its strings of digits, points and signs as JSON numbers.
    public var withBareNumbers: FrameText {
        var copy = self
        for place in copy.fields.indices {
            let inner = copy.fields[place].value.dropFirst().dropLast()
            let isNumber =
                copy.fields[place].value.hasPrefix("\"") && inner.allSatisfy("0123456789.-".contains)
            if isNumber { copy.fields[place].value = String(inner) }
        }
        return copy
    }

    /// The same in another order.
    public func shuffled(using generator: inout some RandomNumberGenerator) -> FrameText {
        var copy = self
        copy.fields.shuffle(using: &generator)
        return copy
    }
}

/// Values that no number of a market may have, spelled as JSON.
public enum BadNumbers {
    /// All of them.
    public static let all = [
        "\"NaN\"", "\"1e400\"", "\"\"", "\"0.-10000\"", "\"-1\"", "\"+1\"", "\" 1\"", "\"1 \"", "\"5.\"",
        "\".5\"",
        "\"1,5\"", "\"0x10\"", "\"Infinity\"", "true", "[]", "{}", "[\"1\"]", "\"\\u0031\"",
        "\"" + String(repeating: "9", count: 40) + "\"", "\"0." + String(repeating: "1", count: 40) + "\"",
        "\"١٢\"", "1e400", "-5",
    ]
}

/// Random numbers that are the same at every run (SplitMix64).
public struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    /// Makes a generator.
    public init(seed: UInt64) { state = seed }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
