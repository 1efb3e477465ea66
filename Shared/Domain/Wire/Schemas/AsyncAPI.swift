// Part of MarketBus. Apache License 2.0, see LICENSE.

/// The AsyncAPI 3.0 document: every topic as a channel with Kafka bindings, its message and what one does with it.
enum AsyncAPI {
    private static var binding: (String, JSONTree) { ("bindingVersion", .string("0.5.0")) }

    static func document(_ shapes: [RecordShape]) -> JSONTree {
        .object([
            ("asyncapi", .string("3.0.0")),
            ("info", info),
            ("defaultContentType", .string("application/json")),
            ("servers", servers),
            ("channels", .object(shapes.map { (spec($0).name, channel($0)) })),
            ("operations", .object(shapes.map { ("read.\(spec($0).name)", operation($0)) })),
            ("components", .object([("messages", .object(shapes.map { (spec($0).name, message($0)) }))])),
        ])
    }

    private static var info: JSONTree {
        .object([
            ("title", .string("MarketBus")),
            ("version", .string("1.0.0")),
            (
                "description",
                .string(
                    """
                    Market events of crypto exchanges on Apache Kafka. Values are JSON objects, one a record. Decimals are \
                    canonical texts, times are integer microseconds since the Unix epoch. Fields may be added within a \
                    version; a removed or changed field is a new topic. Delivery is at least once; feed, epoch and seq \
                    (aggregator, epoch and seq) identify a record.
                    """
                )
            ),
            (
                "license",
                .object([
                    ("name", .string("Apache-2.0")),
                    ("url", .string("https://www.apache.org/licenses/LICENSE-2.0")),
                ])
            ),
        ])
    }

    private static var servers: JSONTree {
        .object([
            (
                "cluster",
                .object([
                    ("host", .string("localhost:9092")),
                    ("protocol", .string("kafka")),
                    ("description", .string("The cluster that KAFKA_BOOTSTRAP_SERVERS names.")),
                ])
            )
        ])
    }

    private static func spec(_ shape: RecordShape) -> TopicSpec { TopicRegistry.spec(of: shape.topic) }

    private static func channel(_ shape: RecordShape) -> JSONTree {
        let spec = spec(shape)
        var configuration: [(String, JSONTree)] = [
            (
                "cleanup.policy",
                .array(spec.cleanup.rawValue.split(separator: ",").map { .string(String($0)) })
            )
        ]
        if spec.cleanup != .compact {
            configuration.append(("retention.ms", .integer(spec.retentionMilliseconds)))
        }
        let kafka: [(String, JSONTree)] = [
            ("topic", .string(spec.name)),
            ("partitions", .integer(Int64(spec.partitions))),
            ("topicConfiguration", .object(configuration)),
            binding,
        ]
        return .object([
            ("address", .string(spec.name)),
            ("title", .string(shape.title)),
            ("description", .string(spec.summary)),
            ("messages", .object([("record", reference("#/components/messages/\(spec.name)"))])),
            ("bindings", .object([("kafka", .object(kafka))])),
        ])
    }

    private static func operation(_ shape: RecordShape) -> JSONTree {
        let spec = spec(shape)
        return .object([
            ("action", .string("receive")),
            ("channel", reference("#/channels/\(spec.name)")),
            ("summary", .string("Read \(spec.name).")),
            ("messages", .array([reference("#/channels/\(spec.name)/messages/record")])),
        ])
    }

    private static func message(_ shape: RecordShape) -> JSONTree {
        let spec = spec(shape)
        let key: JSONTree = .object([
            ("type", .string("string")),
            ("description", .string(JSONSchema.keyNote(spec.key))),
        ])
        return .object([
            ("name", .string(spec.schema)),
            ("title", .string(shape.title)),
            ("summary", .string(spec.summary)),
            ("contentType", .string("application/json")),
            ("headers", headers(shape)),
            ("payload", reference("./\(SchemaDocuments.path(of: spec))")),
            ("bindings", .object([("kafka", .object([("key", key), binding]))])),
        ])
    }

    private static func headers(_ shape: RecordShape) -> JSONTree {
        let hasVenue = shape.fields.contains { $0.name == "venue" }
        let venue: JSONTree = .object([
            ("type", .string("string")), ("description", .string(CommonFields.venue.meaning)),
        ])
        let schema: JSONTree = .object([("const", .string(spec(shape).schema))])
        let type: JSONTree = .object([("const", .string("application/json"))])
        let names = ["schema"] + (hasVenue ? ["venue"] : []) + ["content-type"]
        return .object([
            ("type", .string("object")),
            ("required", .array(names.map { .string($0) })),
            (
                "properties",
                .object(
                    [("schema", schema)] + (hasVenue ? [("venue", venue)] : []) + [("content-type", type)]
                )
            ),
        ])
    }

    private static func reference(_ target: String) -> JSONTree {
        .object([("$ref", .string(target))])
    }
}
