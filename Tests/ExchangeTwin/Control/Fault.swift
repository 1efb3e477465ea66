// Part of MarketBus. Apache License 2.0, see LICENSE.

/// What can be made to go wrong.
enum FaultKind: String, CaseIterable {
    case cut
    case halfOpen = "half_open"
    case closeCode = "close_code"
    case garbageFrame = "garbage_frame"
    case hugeFrame = "huge_frame"
    case notice
    case serverShutdown = "server_shutdown"
    case silenceStream = "silence_stream"
    case truncatedFrame = "truncated_frame"
    case truncatedJSON = "truncated_json"
    case slowDrip = "slow_drip"
    case duplicate
    case reorder
    case badNumber = "bad_number"
    case ackWithoutData = "ack_without_data"
    case refuse
    case httpStatus = "http_status"
    case httpLatency = "http_latency"
    case droppedFrame = "dropped_frame"
    case revisedCandle = "revised_candle"
    case droppedDelta = "dropped_delta"
    case doubledDelta = "doubled_delta"
    case crossedUpdate = "crossed_update"
    case zeroUnknown = "zero_unknown"
    case wrongChecksum = "wrong_checksum"
    case checksumZero = "checksum_zero"
    case staleSnapshot = "stale_snapshot"
    case delayStream = "delay_stream"
    case sequenceReset = "sequence_reset"
    // Frames whose shape changed.
    case newField = "new_field"
    case vanishedField = "vanished_field"
    case retypedField = "retyped_field"
    case maintenance
    /// Data before the gateway's CONNECTED.
    case earlyData = "early_data"

    /// Happens to the connections that exist now; the others stay in force for a count or a time.
    var isImmediate: Bool {
        switch self {
        case .cut, .halfOpen, .closeCode, .garbageFrame, .hugeFrame, .notice, .serverShutdown,
            .sequenceReset:
            true
        default: false
        }
    }

    /// Looks at each frame that is about to be sent.
    var touchesFrames: Bool {
        switch self {
        case .silenceStream, .truncatedFrame, .truncatedJSON, .slowDrip, .duplicate, .reorder, .badNumber,
            .droppedDelta, .doubledDelta, .delayStream, .droppedFrame, .revisedCandle:
            true
        default: changesText
        }
    }

    /// Sends a frame with another text in its place.
    var changesText: Bool {
        switch self {
        case .crossedUpdate, .zeroUnknown, .wrongChecksum, .checksumZero, .newField, .vanishedField,
            .retypedField:
            true
        default: false
        }
    }

    /// Meant for increments of books only.
    var needsDelta: Bool {
        switch self {
        case .droppedDelta, .doubledDelta, .crossedUpdate, .zeroUnknown: true
        default: false
        }
    }
}

/// One fault as asked for, and how often it may still happen.
final class Fault {
    let kind: FaultKind
    var id = 0
    /// Frames, requests or connections still to be touched.
    var remaining: Int
    var touched = 0
    /// Monotonic end, set when the fault starts; nil: until the count is used up.
    var until: Int?
    let duration: Int?

    let venue: String?
    let market: String?
    let stream: String?
    let connection: Int?
    let path: String?
    let target: String
    let status: Int
    let retryAfter: Int
    let delay: Int
    let code: Int
    let size: Int
    let text: String?
    let field: String?
    let sequence: Int
    let reset: Bool
    /// `maintenance` ends with counts that start over.
    let startsOver: Bool

    /// Nil when the kind is unknown.
    init?(_ json: JSONText) {
        guard let kind = json["kind"]?.string.flatMap(FaultKind.init(rawValue:)) else { return nil }
        self.kind = kind
        duration = json["duration_ms"]?.integer.map { max(0, min($0, 86_400_000)) * 1_000_000 }
        let endless = [.ackWithoutData, .silenceStream, .delayStream, .maintenance].contains(kind)
        let timed = duration != nil || endless
        let unlimited = kind.isImmediate || kind == .refuse || timed
        let frames = kind == .garbageFrame || kind == .hugeFrame
        remaining = max(1, json["count"]?.integer ?? (unlimited && !frames ? Int.max : 1))
        venue = json["venue"]?.string
        market = json["market"]?.string
        stream = json["stream"]?.string
        connection = json["conn"]?.integer
        path = json["path"]?.string
        target = json["target"]?.string ?? "all"
        status = json["status"]?.integer ?? 429
        retryAfter = json["retry_after"]?.integer ?? 1
        delay = max(0, min(json["delay_ms"]?.integer ?? (kind == .slowDrip ? 2 : 500), 600_000)) * 1_000_000
        code = json["code"]?.integer ?? json["status"]?.integer ?? 1001
        size = max(1, min(json["bytes"]?.integer ?? (17 << 20), 48 << 20))
        text = json["text"]?.string
        field = json["field"]?.string
        sequence = min(max(1, json["sequence"]?.integer ?? 1000), 1 << 50)
        reset = json["mode"]?.string != "fin"
        startsOver = json["reset"]?.flag ?? false
    }

    /// Whether a stream is meant, by its name, its key, its symbol or its kind.
    func matches(_ candidate: Stream) -> Bool {
        guard venue == nil || venue == candidate.venue.rawValue else { return false }
        guard market == nil || market == candidate.segment.label(candidate.venue) else { return false }
        guard let stream else { return true }
        return [candidate.name, candidate.key, candidate.symbol, candidate.kind].contains(stream)
    }

    /// Whether a market is meant, by its name or by a stream of its.
    func matches(_ candidate: Market) -> Bool {
        let instrument = candidate.instrument
        guard venue == nil || venue == instrument.venue.rawValue else { return false }
        guard market == nil || market == instrument.segment.label(instrument.venue) else { return false }
        guard stream != nil, stream != instrument.name else { return true }
        return candidate.streams.contains(where: matches)
    }

    func matches(_ candidate: Connection) -> Bool {
        guard let endpoint = candidate.session.endpoint, candidate.isOpen else { return false }
        guard connection == nil || connection == candidate.id else { return false }
        guard venue == nil || venue == endpoint.venue.rawValue else { return false }
        if stream != nil { return candidate.session.streams.contains(where: matches) }
        guard let market else { return true }
        return endpoint.label == market || candidate.session.streams.contains(where: matches)
    }

    func matches(_ endpoint: Endpoint, upgrade: Bool) -> Bool {
        guard venue == nil || venue == endpoint.venue.rawValue else { return false }
        guard market == nil || endpoint.spansMarkets || market == endpoint.label else { return false }
        guard path.map({ endpoint.rest.hasPrefix($0) }) ?? true else { return false }
        return target == "all" || (target == "ws") == upgrade
    }

    /// Uses up one of the count.
    func use() {
        touched += 1
        if remaining != Int.max { remaining -= 1 }
    }
}
