// Part of MarketBus. Apache License 2.0, see LICENSE.

import Foundation
import Models
import VenueTestKit

@testable import VenueKit

/// The recorded frames of public market data.
enum RecordedFrames {
    private static let private_ = ["user_data", "requests_and_acks", ".expected."]
    private static let markets: [String: MarketID] = [
        "binance/spot": MarketID("spot"), "binance/futures": MarketID("usdm"),
        "binance/delivery": MarketID("coinm"),
        "htx/spot": MarketID("spot"), "htx/linear-swap": MarketID("linear"), "htx/swap": MarketID("inverse"),
        "htx/futures": MarketID("futures"),
    ]

    /// What a sentinel finds in all files of a venue, sorted; of frames in combined form where the feed uses it.
    static func differences(of venue: any Venue, named name: String) throws -> [String] {
        let root = RecordedData.folder ?? ""
        let bench = DriftBench(venue.frameSheet)
        let all = FileManager.default.enumerator(atPath: "\(root)/\(name)")?.allObjects as? [String] ?? []
        for file in all.sorted() where isMarketData(file) {
            let folder = file.split(separator: "/").first.map(String.init) ?? ""
            let market = markets["\(name)/\(folder)"]
            for line in try RecordedData.lines("\(name)/\(file)") {
                guard let frame = try frame(line), name != "binance" || frame.hasPrefix("{\"stream\"") else {
                    continue
                }
                bench.see(frame, market)
            }
        }
        return bench.found.sorted()
    }

    private static func isMarketData(_ file: String) -> Bool {
        file.hasSuffix(".jsonl") && !file.hasPrefix("rest/") && !file.hasPrefix("ws-api/")
            && !file.hasPrefix("option/") && !private_.contains(where: file.contains)
    }

    /// The frame of a line; nil for what the client said and for answers of REST.
    private static func frame(_ line: String) throws -> String? {
        guard line.hasPrefix("{\"recv_ns\"") || line.contains("\"dir\"") else { return line }
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        guard object?["dir"] as? String == "in" else { return nil }
        return object?["msg"] as? String
    }
}
