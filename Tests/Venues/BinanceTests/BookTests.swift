// Part of MarketBus. Apache License 2.0, see LICENSE.

import Binance
import Models
import Testing
import VenueTestKit

/// Increments of books, venue sheet 3.4 and 4.5.
struct BookTests {
    private static let spot = """
        {"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":157,"u":160,"b":[["0.0024","10"]],\
        "a":[["0.0026","100"],["0.00270","0.00000000"]]}
        """
    private static let futures = """
        {"e":"depthUpdate","E":1571889248277,"T":1571889248276,"s":"BTCUSDT","U":390497796,"u":390497878,\
        "pu":390497794,"b":[["7403.89","0.002"]],"a":[["7405.96","3.340"]],"ps":"BTCUSDT","st":1}
        """
    private static let inverse = """
        {"e":"depthUpdate","E":1723161257440,"T":1723161257432,"s":"BTCUSD_PERP","ps":"BTCUSD","U":1007198631260,\
        "u":1007198631565,"pu":1007198631198,"b":[["61773.6","1001"],["61776.4","0"]],"a":[]}
        """
    private static let spotSeen =
        "book BNB-BTC delta 157/160/none 0.0024 x 10 | 0.0026 x 100, 0.0027 x 0 at 1672515782136000"

    private let bench = FrameBench(BinanceVenue(), market: .spot)

    @Test func `an increment keeps its numbers and its levels in their order`() {
        #expect(bench.judge(Self.spot) == [Self.spotSeen])
        #expect(
            FrameBench(BinanceVenue(), market: .usdm).judge(Self.futures)
                == [
                    "book BTC-USDT-PERP delta 390497796/390497878/390497794 7403.89 x 0.002 | 7405.96 x 3.34 at 1571889248276000"
                ]
        )
        #expect(
            FrameBench(BinanceVenue(), market: .coinm).judge(Self.inverse)
                == [
                    "book BTC-USD-PERP delta 1007198631260/1007198631565/1007198631198 61773.6 x 1001, 61776.4 x 0 |  at 1723161257432000"
                ]
        )
    }

    @Test(arguments: ["bnbbtc@depth", "bnbbtc@depth@100ms", "bnbbtc@depth@0ms", "bnbbtc@depth@1000ms", ""])
    func `increments are told by the stream's name`(_ stream: String) {
        #expect(bench.judge(Frames.combined(Self.spot, stream: stream)) == [Self.spotSeen])
    }

    @Test(arguments: [
        "bnbbtc@depth5", "bnbbtc@depth20@100ms", "bnbbtc@rpiDepth@500ms", "@ms", "depth@ms", "x@depth@ms",
        "bnbbtc@depth@", "bnbbtc@depth@x100ms", "100ms", "depth@100ms",
    ])
    func `partial depths have the same shape on futures and give no event`(_ stream: String) {
        #expect(bench.judge(Frames.combined(Self.spot, stream: stream)) == ["ignored partial depth"])
    }

    @Test func `fields may come in any order`() {
        var generator = SplitMix(seed: 3)
        for _ in 0..<40 {
            let frame = FrameText(Self.spot).shuffled(using: &generator).description
            #expect(bench.judge(frame) == [Self.spotSeen], "\(frame)")
        }
    }

    @Test(arguments: ["U", "u", "b", "a"])
    func `what is missing costs the book, and no other`(_ name: String) {
        let dead = ["dead missing_field \(name), book BNB-BTC"]
        #expect(bench.judge(FrameText(Self.spot).without(name).description) == dead)
        #expect(bench.judge(FrameText(Self.spot).with(name, "null").description) == dead)
        #expect(bench.judge(FrameText(Self.spot).without("s").description) == ["dead missing_field s"])
    }

    @Test func `a level that can't be costs the book`() {
        for value in BadNumbers.all {
            for level in ["[\"1\",\(value)]", "[\(value),\"1\"]"] {
                let frame = FrameText(Self.spot).with("a", "[[\"1\",\"2\"],\(level)]").description
                #expect(bench.judge(frame) == ["dead bad_field a, book BNB-BTC"], "\(frame)")
            }
        }
        for side in [
            "{}", "\"x\"", "1", "true", "[1]", "[{}]", "[[]]", "[[\"1\"]]", "[null]", "[[null,\"1\"]]",
        ] {
            let frame = FrameText(Self.spot).with("b", side).description
            #expect(bench.judge(frame) == ["dead bad_field b, book BNB-BTC"], "\(frame)")
        }
        for name in ["U", "u", "pu"] {
            let frame = FrameText(Self.spot).with(name, "\"x\"").description
            #expect(bench.judge(frame) == ["dead bad_field \(name), book BNB-BTC"])
        }
    }

    @Test func `a level may have more than price and size`() {
        let frame = FrameText(Self.spot).with("b", "[[\"0.0024\",\"10\",[],{\"x\":1}]]").description
        #expect(bench.judge(frame) == [Self.spotSeen])
    }

    @Test func `bytes that are no JSON touch no book`() {
        let bytes = Array(Self.spot.utf8)
        for length in 0..<bytes.count {
            #expect(bench.see(bytes: Array(bytes[..<length])) == ["dead malformed"], "cut at \(length)")
        }
        for side in ["[[\"1\" \"2\"]]", "[[\"1\",]]", "[[\"1\",\"2\"]", "[,]"] {
            #expect(bench.judge(FrameText(Self.spot).with("a", side).description) == ["dead malformed"])
        }
    }
}
