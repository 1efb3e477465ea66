// Part of MarketBus. Apache License 2.0, see LICENSE.

import Wire

/// What MarketBus decides about producers.
enum ProducerProperties {
    /// What a waiting record costs beside its value: the library's message, its key and three headers.
    ///
    /// - Unit: bytes, measured with librdkafka 2.0.2.
    static let overheadBytes = 530

    /// The properties of a producer with this linger time and share of the memory.
    static func role(lingerMilliseconds: Int, bufferBytes: Int) -> [(String, String)] {
        [
            ("enable.idempotence", "true"),
            ("acks", "all"),
            ("compression.codec", "lz4"),
            ("partitioner", "murmur2_random"),
            ("linger.ms", "\(lingerMilliseconds)"),
            ("delivery.report.only.error", "true"),
            // 0 is "never": a record is not given up because of its age. What is lost is lost for one of three
            // reasons, each reported: the buffer was full (at once), the broker refused it (with the report), or the
            // process ends (when the client is purged at close).
            ("message.timeout.ms", "0"),
            // A cluster that comes up after us has no topics at first: the library would refuse what waits for one that
            // is missing half a minute after it was named.
            ("topic.metadata.propagation.max.ms", "300000"),
            // The library counts values only; half of the memory is set aside for what it does not count.
            ("queue.buffering.max.kbytes", "\(max(1, bufferBytes / 2 / 1024))"),
            ("queue.buffering.max.messages", "\(max(1000, bufferBytes / 2 / overheadBytes))"),
            ("statistics.interval.ms", "1000"),
        ]
    }

    /// Each lane's part of the memory: the lane of market data gets six times what the others get.
    static func shares(of bufferBytes: Int, lingers: [Int]) -> [Int: Int] {
        let weights = lingers.map { $0 == 2 ? 6 : 1 }
        let total = max(1, weights.reduce(0, +))
        return Dictionary(uniqueKeysWithValues: zip(lingers, weights.map { bufferBytes / total * $0 }))
    }
}

/// A record's stream and number in one pointer-sized word, which the library carries until the record's end.
enum RecordTag {
    /// Streams are numbered below this; the number itself stands for "no stream".
    static let streamLimit: UInt64 = 0xff_ffff
    private static let seqMask: UInt64 = 0xff_ffff_ffff

    static func pack(_ stream: UInt32, _ seq: UInt64) -> UnsafeMutableRawPointer? {
        let word = min(UInt64(stream), streamLimit) << 40 | (seq & seqMask)
        return UnsafeMutableRawPointer(bitPattern: UInt(word))
    }

    static func unpack(_ pointer: UnsafeMutableRawPointer?) -> (StreamID, UInt64) {
        let word = UInt64(UInt(bitPattern: pointer))
        let stream = word >> 40
        let id = stream == streamLimit ? StreamID.none : StreamID(index: UInt32(truncatingIfNeeded: stream))
        return (id, word & seqMask)
    }
}
