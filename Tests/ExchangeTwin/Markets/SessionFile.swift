// Part of MarketBus. Apache License 2.0, see LICENSE.

/// One recorded market frame, ready to be served.
struct RecordedFrame {
    /// Nanoseconds after the first frame of its session.
    var offset: Int
    var venue: Venue
    var segment: Segment
    var stream: String
    var symbol: String
    var kind: String
    var bytes: [UInt8]
    /// Where the bare payload lies in `bytes` when the frame was recorded in the combined form.
    var inner: Range<Int>?
    var mark: FrameMark
}

/// A `*.session.jsonl` file: the frames that came in, and the depth snapshots fetched beside them.
struct SessionFile {
    private(set) var frames: [RecordedFrame] = []
    private(set) var depths: [String: String] = [:]
    private var start: Int?

    init?(path: String) {
        guard let bytes = readBytes(path) else { return nil }
        for line in bytes.split(separator: 10) {
            guard let json = line.withUnsafeBufferPointer({ try? JSONReader.read($0) }) else { return nil }
            take(json)
        }
    }

    private mutating func take(_ line: JSONText) {
        guard let text = line["msg"]?.string, let venue = SessionFile.venue(line["conn"]?.string ?? "") else {
            return
        }
        let segment = SessionFile.segment(line["conn"]?.string ?? "")
        let time = line["recv_ns"]?.integer ?? 0
        if line["dir"]?.string == "http" {
            let name =
                JSONReader.read(text: text)?["symbol"]?.string
                ?? SessionFile.symbol(line["url"]?.string ?? "")
            depths["\(segment.rawValue)/\(name)"] = text
        }
        guard line["dir"]?.string == "in", let message = JSONReader.read(text: text) else { return }
        let frame = venue == .okx ? okx(message, text) : binance(message, text, segment)
        guard var frame else { return }
        if start == nil { start = time }
        frame.offset = max(0, time - (start ?? time))
        frames.append(frame)
    }

    private static func venue(_ connection: String) -> Venue? {
        connection.hasPrefix("binance") ? .binance : connection.hasPrefix("okx") ? .okx : nil
    }

    private static func segment(_ connection: String) -> Segment {
        let words = connection.split(separator: ".")
        return Segment.allCases.first { words.contains(Substring($0.label(.binance))) } ?? .spot
    }

    private static func symbol(_ url: String) -> String {
        guard let query = url.split(separator: "?").dropFirst().first else { return "" }
        let pair = query.split(separator: "&").first { $0.hasPrefix("symbol=") }
        return pair.map { String($0.dropFirst(7)) } ?? ""
    }

    // MARK: - What a frame is

    private func binance(_ message: JSONText, _ text: String, _ segment: Segment) -> RecordedFrame? {
        let data = message["data"] ?? message
        guard let symbol = data["s"]?.string, let name = message["stream"]?.string ?? SessionFile.name(data)
        else { return nil }
        let channel = name.split(separator: "@", maxSplits: 1).last.map(String.init) ?? ""
        let kind = BinanceStreams.kind(channel)
        let id = (kind == "trade" ? data["t"] : kind == "agg_trade" ? data["a"] : data["u"])?.integer ?? 0
        let bytes = Array(text.utf8)
        var inner: Range<Int>?
        if message["stream"] != nil, let from = bytes.firstIndex(after: "\"data\":"), from < bytes.count - 1 {
            inner = from..<(bytes.count - 1)
        }
        return RecordedFrame(
            offset: 0,
            venue: .binance,
            segment: segment,
            stream: name,
            symbol: symbol,
            kind: kind,
            bytes: bytes,
            inner: inner,
            mark: FrameMark(id)
        )
    }

    /// The stream of a bare payload.
    private static func name(_ data: JSONText) -> String? {
        guard let symbol = data["s"]?.string?.lowercased() else { return nil }
        switch data["e"]?.string {
        case "trade": return "\(symbol)@trade"
        case "aggTrade": return "\(symbol)@aggTrade"
        case "depthUpdate": return "\(symbol)@depth@100ms"
        case "kline": return "\(symbol)@kline_\(data["k"]?["i"]?.string ?? "1m")"
        case nil, "bookTicker": return "\(symbol)@bookTicker"
        default: return nil
        }
    }

    private func okx(_ message: JSONText, _ text: String) -> RecordedFrame? {
        guard let channel = message["arg"]?["channel"]?.string,
            let symbol = message["arg"]?["instId"]?.string,
            let rows = message["data"]?.items
        else { return nil }
        let kind = OKXStreams.kind(channel)
        let ids = rows.compactMap { ($0["tradeId"] ?? $0["seqId"])?.scalar }
        var mark = FrameMark(ids.last.flatMap { Int($0) } ?? 0)
        if ids.count > 1 {
            let list = ids.map { "\"\($0)\"" }.joined(separator: ",")
            mark.text = Array("\(ids.last ?? "")\",\"ids\":[\(list)]".utf8)
        }
        return RecordedFrame(
            offset: 0,
            venue: .okx,
            segment: OKXDesk.segment(symbol),
            stream: "\(channel):\(symbol)",
            symbol: symbol,
            kind: kind,
            bytes: Array(text.utf8),
            inner: nil,
            mark: mark
        )
    }
}

extension Array<UInt8> {
    /// The index after the first occurrence of `piece`.
    fileprivate func firstIndex(after piece: String) -> Int? {
        let wanted = Array(piece.utf8)
        guard count > wanted.count else { return nil }
        for start in 0..<(count - wanted.count)
        where self[start..<(start + wanted.count)].elementsEqual(wanted) {
            return start + wanted.count
        }
        return nil
    }
}
