// Part of MarketBus. Apache License 2.0, see LICENSE.

/// The documents that describe the topics to others, made from the shapes of the records.
public enum SchemaDocuments {
    /// A document and the name of its file in `deploy/schemas`.
    public struct Document: Sendable {
        /// The file's name.
        public let path: String
        /// What the file holds, ending with a line feed.
        public let text: String
    }

    /// One JSON Schema a topic, and the AsyncAPI document that binds them to Kafka.
    public static func all() -> [Document] {
        let schemas = RecordShape.all.map { shape in
            Document(
                path: path(of: TopicRegistry.spec(of: shape.topic)),
                text: JSONSchema.document(shape).text
            )
        }
        return schemas + [Document(path: "asyncapi.json", text: AsyncAPI.document(RecordShape.all).text)]
    }

    static func path(of spec: TopicSpec) -> String { "\(spec.name).schema.json" }
}
