// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Why bytes are not the record that was expected.
public enum RecordError: Error, Hashable, Sendable {
    /// Not JSON, or cut.
    ///
    /// Unit of the offset: bytes from the value's start.
    case malformed(offset: UInt32)
    /// The `schema` field names another record or version.
    case wrongSchema
    /// A field without which the record means nothing is missing.
    case missingField(FieldName)
    /// A field holds what it can't.
    case badField(FieldName)
}

extension RecordError: CustomStringConvertible {
    /// What a person wants to know; holds nothing of the record.
    public var description: String {
        switch self {
        case .malformed(let offset): "no JSON object at byte \(offset)"
        case .wrongSchema: "schema names another record"
        case .missingField(let name): "\(name) is missing"
        case .badField(let name): "\(name) can't be read"
        }
    }
}

/// A field's name as a literal: compared as bytes, printed without being a `String` before.
public struct FieldName: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    let text: StaticString

    /// Makes a name from a literal.
    public init(stringLiteral text: StaticString) { self.text = text }

    /// The literal.
    public var description: String { text.description }

    /// Whether both spell the same name.
    public static func == (left: FieldName, right: FieldName) -> Bool {
        left.description == right.description
    }

    /// Feeds the name.
    public func hash(into hasher: inout Hasher) { hasher.combine(description) }
}
