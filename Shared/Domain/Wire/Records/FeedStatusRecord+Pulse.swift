// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView

extension FeedStatusRecord {
    /// What a status says of whether its feed lives, read without its lists of connections and streams.
    public struct Pulse: Hashable, Sendable {
        /// The feed's instance name.
        public var feed: String
        /// When the record was made.
        ///
        /// - Unit: microseconds since the Unix epoch.
        public var publishedMicroseconds: Int64
        /// Whether it was asked to stop; a state that this reader does not know means that it lives.
        public var isStopping: Bool

        /// Reads the fields of a value of `sys.feed_status.v1`.
        ///
        /// - Throws: ``RecordError``, naming the field.
        public init(decoding bytes: UnsafeRawBufferPointer, scanner: JSONScanner) throws(RecordError) {
            let object = try RecordObject(bytes, of: FeedStatusRecord.topic, scanner: scanner)
            feed = try object.text("feed")
            publishedMicroseconds = try object.integer("published_us")
            isStopping = try object.text("state") == State.stopping.rawValue
        }
    }
}
