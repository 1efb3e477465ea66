// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Serves recorded sessions: each file has its own clock.
final class SessionPlayer {
    private let options: Options
    private var tracks: [Track] = []
    private var known: Set<String> = []
    private var symbolSets: [String: Set<String>] = [:]

    /// One file being played.
    private struct Track {
        var file: SessionFile
        var streams: Set<String>
        var wanted: Set<String> = []
        var lastJoin = 0
        var begun: Int?
        var next = 0
        var rounds = 0
    }

    /// Nil when a file can't be read.
    init?(options: Options) {
        self.options = options
        for path in options.sessions {
            guard let file = SessionFile(path: path) else { return nil }
            let keys = Set(file.frames.map { Stream.key($0.venue, $0.segment, $0.stream) })
            tracks.append(Track(file: file, streams: keys))
            known.formUnion(keys)
            for frame in file.frames {
                symbolSets["\(frame.venue.rawValue)/\(frame.segment.rawValue)", default: []].insert(
                    frame.symbol
                )
            }
        }
    }

    var isOn: Bool { !tracks.isEmpty }

    func knows(_ venue: Venue, _ name: String) -> Bool { known.contains(Stream.key(venue, .spot, name)) }

    func symbols(_ venue: Venue, _ segment: Segment) -> [String] {
        symbolSets["\(venue.rawValue)/\(segment.rawValue)", default: []].sorted()
    }

    func hasSymbol(_ venue: Venue, _ name: String) -> Bool {
        symbolSets["\(venue.rawValue)/\(OKXDesk.segment(name).rawValue)"]?.contains(name) ?? false
    }

    /// The recorded depth snapshot of a symbol.
    func depth(_ venue: Venue, _ segment: Segment, _ name: String) -> String? {
        guard venue == .binance else { return nil }
        for track in tracks {
            if let text = track.file.depths["\(segment.rawValue)/\(name)"] { return text }
        }
        return nil
    }

    func subscribed(_ stream: Stream) {
        for index in tracks.indices where tracks[index].streams.contains(stream.key) {
            tracks[index].wanted.insert(stream.key)
            tracks[index].lastJoin = 0
        }
    }

    /// Plays what is due; true while a clock runs.
    func turn(now: Int, exchange: Exchange) -> Bool {
        var playing = false
        for index in tracks.indices {
            if tracks[index].lastJoin == 0 { tracks[index].lastJoin = now }
            if tracks[index].begun == nil, mayBegin(tracks[index], now: now) {
                begin(index, now: now, exchange)
            }
            guard tracks[index].begun != nil, tracks[index].next < tracks[index].file.frames.count else {
                continue
            }
            playing = true
            play(index, now: now, exchange)
        }
        return playing
    }

    private func mayBegin(_ track: Track, now: Int) -> Bool {
        guard options.sessionWait || options.sessionStreams > 0 else { return true }
        if options.sessionStreams > 0 {
            return track.wanted.count >= min(options.sessionStreams, track.streams.count)
        }
        return !track.wanted.isEmpty && now - track.lastJoin >= options.sessionSettleMilliseconds * 1_000_000
    }

    private func begin(_ index: Int, now: Int, _ exchange: Exchange) {
        tracks[index].begun = now
        exchange.publisher.log.note(
            "session",
            "begin",
            ",\"track\":\(index),\"round\":\(tracks[index].rounds)"
        )
    }

    private func play(_ index: Int, now: Int, _ exchange: Exchange) {
        let elapsed = Double(now - (tracks[index].begun ?? now))
        var budget = 4000
        while budget > 0, tracks[index].next < tracks[index].file.frames.count {
            let frame = tracks[index].file.frames[tracks[index].next]
            if options.speed > 0, Double(frame.offset) / options.speed > elapsed { return }
            let stream = exchange.registry.find(frame.venue, frame.segment, frame.stream)
            if let stream, stream.subscribers.contains(where: { $0.output.count > 1 << 20 }) { return }
            if let stream { serve(frame, stream, exchange) }
            tracks[index].next += 1
            budget -= 1
        }
        guard tracks[index].next >= tracks[index].file.frames.count else { return }
        exchange.publisher.log.note("session", "end", ",\"track\":\(index),\"round\":\(tracks[index].rounds)")
        guard options.loop else { return }
        tracks[index].rounds += 1
        tracks[index].next = 0
        begin(index, now: now, exchange)
    }

    /// Verbatim bytes; a bare connection gets the inner payload of a combined recording.
    private func serve(_ frame: RecordedFrame, _ stream: Stream, _ exchange: Exchange) {
        let range = frame.inner ?? 0..<frame.bytes.count
        frame.bytes.withUnsafeBufferPointer { bytes in
            let payload = UnsafeBufferPointer(rebasing: bytes[range])
            exchange.publisher.deliver(stream, payload, frame.mark)
        }
    }

    /// Where each track stands, as JSON.
    var state: String {
        let rows = tracks.map { track in
            "{\"frames\":\(track.file.frames.count),\"next\":\(track.next),\"rounds\":\(track.rounds)"
                + ",\"begun\":\(track.begun != nil),\"streams\":\(track.streams.count),\"wanted\":\(track.wanted.count)}"
        }
        return "[\(rows.joined(separator: ","))]"
    }
}

/// The venue's own instrument answers from files in the `rest` form.
struct RecordedAnswers {
    private var bodies: [String: String] = [:]

    /// Nil when a file can't be read.
    init?(files: [String]) {
        for path in files {
            guard let lines = readLines(path) else { return nil }
            for line in lines {
                guard let json = JSONReader.read(text: line), let body = json["msg"]?.string else { continue }
                let url = json["url"]?.string ?? ""
                guard let key = RecordedAnswers.key(url), bodies[key] == nil else { continue }
                bodies[key] = body
            }
        }
    }

    private static func key(_ url: String) -> String? {
        if url.contains("/fapi/"), url.contains("exchangeInfo") { return "binance/linear/" }
        if url.contains("/dapi/"), url.contains("exchangeInfo") { return "binance/inverse/" }
        if url.contains("exchangeInfo") { return "binance/spot/" }
        guard url.contains("/instruments"), let type = url.split(separator: "instType=").dropFirst().first
        else { return nil }
        return "okx/spot/" + (type.split(separator: "&").first.map(String.init) ?? "")
    }

    func find(_ venue: Venue, _ segment: Segment, _ type: String) -> String? {
        bodies["\(venue.rawValue)/\(segment.rawValue)/\(type)"]
    }
}
