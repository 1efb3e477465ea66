// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Which partition a key belongs to: the rule of Kafka's own clients, by which our producers write too.
///
/// - Thread: any. Allocates: never.
public enum KeyPartition {
    /// The partition of a key.
    ///
    /// - Parameters:
    ///   - key: the record's key.
    ///   - count: how many partitions the topic has; below 1 counts as 1.
    /// - Returns: the partition's number, from 0.
    public static func of(_ key: String, among count: Int) -> Int {
        var key = key
        let hash = key.withUTF8 { murmur2(UnsafeRawBufferPointer($0)) }
        return Int(hash & 0x7FFF_FFFF) % max(count, 1)
    }

    /// The 32-bit murmur2 of these bytes with the seed of Apache Kafka's default partitioner.
    public static func murmur2(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let multiplier: UInt32 = 0x5BD1_E995
        var hash = 0x9747_B28C ^ UInt32(truncatingIfNeeded: bytes.count)
        let whole = bytes.count & ~3
        for start in stride(from: 0, to: whole, by: 4) {
            var word = word(bytes[start..<(start + 4)]) &* multiplier
            word = (word ^ (word >> 24)) &* multiplier
            hash = (hash &* multiplier) ^ word
        }
        if whole < bytes.count { hash = (hash ^ word(bytes[whole...])) &* multiplier }
        hash = (hash ^ (hash >> 13)) &* multiplier
        return hash ^ (hash >> 15)
    }

    /// Up to four bytes, the first the lowest.
    private static func word(_ bytes: Slice<UnsafeRawBufferPointer>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}
