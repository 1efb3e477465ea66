// Part of MarketBus. Apache License 2.0, see LICENSE.

import Testing
import Wire

@Suite struct `Which partition a key has` {
    /// The vectors of Apache Kafka's own `UtilsTest`, as signed numbers.
    @Test(arguments: [
        ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
    ])
    func `the hash is Apache Kafka's`(_ vector: (key: String, hash: Int)) {
        let hash = Array(vector.key.utf8).withUnsafeBytes { KeyPartition.murmur2($0) }
        #expect(Int(Int32(bitPattern: hash)) == vector.hash)
    }

    /// Where Java's producer puts these keys; `KafkaBusTests` shows the same of ours.
    @Test(arguments: [
        ("BTC-USDT", 2), ("ETH-USDT", 5), ("BTC-USDT-PERP", 3), ("BTC-USD-PERP", 0), ("SOL-USDC", 1),
        ("DOGE-USDT", 4), ("binance:BTC-USDT", 3), ("okx", 2), ("1INCH-USDT", 3), ("BTC-USDT-20261225", 4),
        ("é", 3),
    ])
    func `the partition is that of Java's producer`(_ vector: (key: String, partition: Int)) {
        #expect(KeyPartition.of(vector.key, among: 6) == vector.partition)
    }

    @Test func `no count is no trap`() {
        #expect(KeyPartition.of("", among: 0) == 0)
        #expect(KeyPartition.of("a", among: -5) == 0)
    }
}
