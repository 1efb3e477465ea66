// Part of MarketBus. Apache License 2.0, see LICENSE.

import Foundation

/// The frames that mutations start from: recorded ones, or a few of the venues' documents where there are none.
struct Corpus {
    /// Frames of at most ``longest`` bytes: books are long and give no event.
    private(set) var frames: [[UInt8]] = []
    /// Whether no recording was found.
    private(set) var isBuiltIn = false

    private static let longest = 4096
    private static let framesPerFile = 400

    /// Reads `.jsonl` files and folders of them, in the order of their names.
    init(_ venue: FuzzedVenue, paths: [String]) {
        for path in paths.flatMap(Self.files).sorted() { frames += Self.read(path) }
        if frames.isEmpty {
            isBuiltIn = true
            frames = Self.documented(venue).map { Array($0.utf8) }
        }
    }

    private static func files(_ path: String) -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return [] }
        guard isFolder.boolValue else { return [path] }
        let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        // REST bodies are no frames, and expected values are another project's words.
        return names.filter { $0.hasSuffix(".jsonl") && !$0.contains("rest/") && !$0.contains(".expected.") }
            .map { "\(path)/\($0)" }
    }

    /// Frames from all over a file, so that long recordings don't drown the short ones.
    private static func read(_ path: String) -> [[UInt8]] {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        let isSession = path.hasSuffix(".session.jsonl")
        let lines = data.split(separator: UInt8(ascii: "\n"))
        let step = max(1, lines.count / framesPerFile)
        return stride(from: 0, to: lines.count, by: step).compactMap { number in
            let frame = isSession ? message(lines[number]) : Array(lines[number])
            return frame.flatMap { $0.count <= longest ? $0 : nil }
        }
    }

    private static func message(_ line: Data) -> [UInt8]? {
        let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any]
        guard let object, object["dir"] as? String == "in", let text = object["msg"] as? String else {
            return nil
        }
        return Array(text.utf8)
    }

    private static func documented(_ venue: FuzzedVenue) -> [String] {
        switch venue {
        case .binance:
            [
                """
                {"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.001","q":"100","T":1672515782136,"m":true,\
                "M":true}
                """,
                """
                {"e":"aggTrade","E":1700000000123,"s":"BNBUSDT","a":5933014,"p":"310.10","q":"100","nq":"100","f":100,\
                "l":105,"T":1700000000120,"m":true,"st":1}
                """,
                """
                {"stream":"bnbusdt@bookTicker","data":{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000",\
                "a":"25.36520000","A":"40.66000000"}}
                """,
                """
                {"e":"bookTicker","u":400900217,"E":1568014460893,"T":1568014460891,"s":"BNBUSD_PERP","b":"25.35",\
                "B":"31","a":"25.36","A":"40","st":2}
                """,
                "{\"result\":null,\"id\":1}", "{\"error\":{\"code\":2,\"msg\":\"no\"},\"id\":1}",
            ]
        case .okx:
            [
                """
                {"arg":{"channel":"bbo-tbt","instId":"BCH-USDT-SWAP"},"data":[{"asks":[["111.06","55154","0","2"]],\
                "bids":[["111.05","57745","0","2"]],"ts":"1670324386802","seqId":363996337}]}
                """,
                """
                {"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"2978601964",\
                "px":"83725.9","sz":"5","side":"buy","ts":"1791369350776","count":"1","seqId":344430848209}]}
                """,
                "{\"id\":\"1512\",\"event\":\"subscribe\",\"arg\":{\"channel\":\"trades\",\"instId\":\"BTC-USDT\"}}",
                "{\"event\":\"error\",\"code\":\"60012\",\"msg\":\"Invalid request\",\"connId\":\"a4d3ae55\"}",
                "pong",
            ]
        }
    }
}
