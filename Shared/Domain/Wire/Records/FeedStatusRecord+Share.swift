// Part of MarketBus. Apache License 2.0, see LICENSE.

extension FeedStatusRecord {
    /// What one of several feeds has of a venue's symbols.
    public struct Share: Hashable, Sendable {
        /// The partitions of `ctl.subscription.v1` whose symbols are its own, in order.
        public var partitions: [Int64]
        /// How many partitions the topic has.
        public var count: Int64
        /// How many symbols it still streams that are another feed's, until that one does.
        public var leaving: Int64

        /// Makes a part.
        public init(partitions: [Int64], count: Int64, leaving: Int64) {
            self.partitions = partitions
            self.count = count
            self.leaving = leaving
        }

        init(_ object: RecordObject) throws(RecordError) {
            partitions = try object.integers("partitions")
            count = try object.integer("of")
            leaving = try object.integer("leaving")
        }

        func encode(into writer: inout JSONWriter) {
            writer.name("share")
            writer.open("of", count)
            writer.field("partitions", partitions) { $1.integer($0) }
            writer.field("leaving", leaving)
            writer.close()
        }
    }
}

extension FeedStatusRecord.Share {
    static var fields: [FieldShape] {
        [
            .count("of", "How many partitions ctl.subscription.v1 has."),
            .init(
                "partitions",
                .list(.integer(minimum: 0)),
                "Those of them whose symbols are its own, by the key venue:symbol."
            ),
            .count("leaving", "How many symbols it streams that are another feed's, until that one does."),
        ]
    }
}
