// Part of MarketBus. Apache License 2.0, see LICENSE.

/// JSON Schemas (draft 2020-12) from shapes.
///
/// Only keywords that older drafts read alike are used.
enum JSONSchema {
    /// What a canonical decimal looks like: no exponent, no trailing zero in a fraction, one zero.
    static let decimalPattern = #"^(0|-?[1-9][0-9]*|-?(0|[1-9][0-9]*)\.[0-9]*[1-9])$"#

    /// The schema of one topic's values.
    static func document(_ shape: RecordShape) -> JSONTree {
        let spec = TopicRegistry.spec(of: shape.topic)
        let head: [(String, JSONTree)] = [
            ("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
            ("$id", .string("urn:marketbus:\(spec.name)")),
            ("title", .string(shape.title)),
            ("description", .string(spec.summary)),
            ("$comment", .string(partitionNote(spec))),
        ]
        return .object(head + object(shape.fields, isNullable: false))
    }

    /// What a key is made of, for people.
    static func keyNote(_ rule: KeyRule) -> String {
        switch rule {
        case .symbol: "The canonical symbol: all venues of one symbol meet in one partition."
        case .venueSymbol: "venue:symbol, one row a venue and symbol."
        case .feed: "The feed's instance name."
        case .feedTopic: "feed:topic, the feed's instance name and the topic that the record is about."
        case .venue: "The venue's name."
        case .source: "The source: a feed's instance and connection."
        }
    }

    private static func partitionNote(_ spec: TopicSpec) -> String {
        let tombstone = spec.cleanup == .delete ? "" : " A null value (tombstone) removes the key."
        return "Key: \(keyNote(spec.key)) Partition: murmur2 of the key's bytes." + tombstone
    }

    private static func field(_ field: FieldShape) -> JSONTree {
        .object([("description", .string(field.meaning))] + value(field.kind, isNullable: field.isNullable))
    }

    private static func value(_ kind: ValueShape, isNullable: Bool) -> [(String, JSONTree)] {
        switch kind {
        case .constant(let text): [("const", .string(text))]
        case .text: [type("string", isNullable)]
        case .decimal: [type("string", isNullable), ("pattern", .string(decimalPattern))]
        case .integer(let minimum):
            [type("integer", isNullable)] + (minimum.map { [("minimum", .integer($0))] } ?? [])
        case .boolean: [type("boolean", isNullable)]
        case .choice(let texts):
            [
                type("string", isNullable),
                ("enum", .array(texts.map { .string($0) } + (isNullable ? [.null] : []))),
            ]
        case .list(let element):
            [type("array", isNullable), ("items", .object(value(element, isNullable: false)))]
        case .object(let fields): object(fields, isNullable: isNullable)
        }
    }

    private static func object(_ fields: [FieldShape], isNullable: Bool) -> [(String, JSONTree)] {
        [
            type("object", isNullable),
            ("additionalProperties", .boolean(true)),
            ("required", .array(fields.filter { !$0.isOptional }.map { .string($0.name) })),
            ("properties", .object(fields.map { ($0.name, field($0)) })),
        ]
    }

    private static func type(_ name: String, _ isNullable: Bool) -> (String, JSONTree) {
        ("type", isNullable ? .array([.string(name), .string("null")]) : .string(name))
    }
}
