// Part of MarketBus. Apache License 2.0, see LICENSE.

/// What the library's statistics say about a client at one moment.
public struct KafkaStatistics: Sendable {
    /// Records waiting for the broker.
    public var queuedRecords: Int64 = 0
    /// Bytes of their values.
    public var queuedBytes: Int64 = 0
    /// The most records that may wait.
    public var maximumRecords: Int64 = 0
    /// The most bytes that may wait.
    public var maximumBytes: Int64 = 0
    /// Records that the brokers took since the start.
    public var transmittedRecords: Int64 = 0
    /// Records that came from the brokers since the start.
    public var receivedRecords: Int64 = 0
    /// Requests sent since the start.
    public var requests: Int64 = 0
    /// Connections that are up.
    public var brokersUp = 0
    /// Requests that were sent again, all brokers.
    public var retries: Int64 = 0
    /// Requests that got no answer in time, all brokers.
    public var timeouts: Int64 = 0
    /// The slowest broker's 99th percentile of the answer time.
    ///
    /// - Unit: microseconds.
    public var roundTripMicroseconds: Int64 = 0
    /// Whether an idempotent producer has its id.
    public var hasProducerID = false
    /// The time since a broker that owes an answer was heard, where no other broker is heard.
    ///
    /// - Unit: microseconds; 0 when all is well.
    public var silentMicroseconds: Int64 = 0

    /// Makes empty statistics.
    public init() {}

    /// How full the buffer is, 0 to 1.
    public var bufferShare: Double {
        let records = maximumRecords > 0 ? Double(queuedRecords) / Double(maximumRecords) : 0
        let bytes = maximumBytes > 0 ? Double(queuedBytes) / Double(maximumBytes) : 0
        return max(records, bytes)
    }

    /// Silence longer than this from a broker that owes an answer counts as absence.
    ///
    /// - Unit: microseconds.
    static let silenceLimit: Int64 = 3_000_000

    var isStuck: Bool { silentMicroseconds > Self.silenceLimit }

    /// Whether a broker owes an answer for too long now and did before: one look alone may fall between the first
    /// request after an idle time and its answer.
    func isStuck(after before: KafkaStatistics) -> Bool {
        isStuck && before.isStuck && silentMicroseconds > before.silentMicroseconds
    }

    private struct Broker {
        var isUp = false
        var silence: Int64 = -1
        var owed: Int64 = 0
    }

    /// Reads the library's statistics; what is not understood is left at zero.
    init(json: UnsafeRawBufferPointer) {
        var broker = Broker()
        var owedSilence: Int64 = 0
        var isHeard = false
        func judge(_ found: Broker) {
            guard found.isUp else { return }
            if found.silence >= 0, found.silence <= Self.silenceLimit { isHeard = true }
            if found.owed > 0 { owedSilence = max(owedSilence, found.silence) }
        }
        var copy = self
        StatisticsScanner.scan(json, skipping: ["topics", "cgrp"]) { path, value in
            if path.count == 3, path[0] == "brokers" {
                if path[2] == "name" {
                    judge(broker)
                    broker = Broker()
                }
                copy.takeBroker(path[2], value, &broker)
            } else if path.count == 4, path[2] == "rtt", path[3] == "p99" {
                copy.roundTripMicroseconds = max(copy.roundTripMicroseconds, value.number)
            } else if path.count == 2, path[0] == "eos", path[1] == "idemp_state" {
                copy.hasProducerID = value.text == "Assigned"
            } else if path.count == 1 {
                copy.takeTotal(path[0], value.number)
            }
        }
        judge(broker)
        self = copy
        silentMicroseconds = isHeard ? 0 : owedSilence
    }

    private mutating func takeTotal(_ name: String, _ number: Int64) {
        switch name {
        case "msg_cnt": queuedRecords = number
        case "msg_size": queuedBytes = number
        case "msg_max": maximumRecords = number
        case "msg_size_max": maximumBytes = number
        case "txmsgs": transmittedRecords = number
        case "rxmsgs": receivedRecords = number
        case "tx": requests = number
        default: break
        }
    }

    private mutating func takeBroker(_ name: String, _ value: StatisticsScanner.Value, _ broker: inout Broker)
    {
        switch name {
        case "state":
            broker.isUp = value.text == "UP"
            if broker.isUp { brokersUp += 1 }
        case "rxidle": broker.silence = value.number
        case "waitresp_cnt": broker.owed = value.number
        case "txretries": retries &+= value.number
        case "req_timeouts": timeouts &+= value.number
        default: break
        }
    }
}

/// Walks the statistics' JSON, names and values only: no tree, no Foundation.
///
/// The text comes from the library inside this process; whatever it holds, the walk ends and does not trap.
enum StatisticsScanner {
    /// One number, text or word.
    struct Value {
        let bytes: Slice<UnsafeRawBufferPointer>

        /// The whole number, or 0.
        var number: Int64 { Int64(text) ?? 0 }
        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// Calls `visit` with the names that lead to every plain value that lies at most four names deep.
    static func scan(
        _ json: UnsafeRawBufferPointer,
        skipping skipped: Set<String>,
        _ visit: (_ path: [String], _ value: Value) -> Void
    ) {
        var path: [String] = []
        var name = ""
        var index = 0
        while index < json.count {
            switch json[index] {
            case UInt8(ascii: "\""):
                let start = index + 1
                index = endOfText(json, start)
                let value = Value(bytes: json[start..<min(index, json.count)])
                if isName(json, index + 1) { name = value.text } else { visit(path + [name], value) }
            case UInt8(ascii: "{"):
                if skipped.contains(name) && path.count <= 1 || path.count >= 4 {
                    index = endOfObject(json, index)
                } else {
                    // The root object has no name.
                    if !name.isEmpty { path.append(name) }
                }
            case UInt8(ascii: "}"):
                if !path.isEmpty { path.removeLast() }
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                let start = index
                while index + 1 < json.count, isNumber(json[index + 1]) { index += 1 }
                visit(path + [name], Value(bytes: json[start...index]))
            default:
                break
            }
            index += 1
        }
    }

    private static func isNumber(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "-")
    }

    private static func isName(_ json: UnsafeRawBufferPointer, _ start: Int) -> Bool {
        var index = start
        while index < json.count, json[index] == UInt8(ascii: " ") { index += 1 }
        return index < json.count && json[index] == UInt8(ascii: ":")
    }

    private static func endOfText(_ json: UnsafeRawBufferPointer, _ start: Int) -> Int {
        var index = start
        while index < json.count, json[index] != UInt8(ascii: "\"") {
            index += json[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return index
    }

    private static func endOfObject(_ json: UnsafeRawBufferPointer, _ start: Int) -> Int {
        var depth = 0
        var index = start
        while index < json.count {
            switch json[index] {
            case UInt8(ascii: "\""): index = endOfText(json, index + 1)
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"):
                depth -= 1
                if depth <= 0 { return index }
            default: break
            }
            index += 1
        }
        return index
    }
}
