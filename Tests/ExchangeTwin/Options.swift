// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A command line that can't be used.
struct OptionsProblem: Error {
    var text: String
}

/// The command line of `exchange-twin`; README.md lists the flags.
struct Options {
    var host = "127.0.0.1"
    var port: UInt16 = 0
    var controlPort: UInt16 = 0
    var certificate: String?
    var key: String?
    var symbols = 20
    var rate = 2000
    var seed: UInt64 = 1
    var crossedEveryMilliseconds = 3000
    var sessions: [String] = []
    /// 0 means as fast as the clients take it.
    var speed = 1.0
    var loop = false
    var sessionWait = false
    var sessionStreams = 0
    var sessionSettleMilliseconds = 200
    var instruments: [String] = []
    var log: String?
    var logFrames = false
    var script: String?
    var printConfiguration = false
    var exitWithParent = false
    var limits = true
    var spotPingMilliseconds = 20_000
    var spotPongMilliseconds = 60_000
    var futuresPingMilliseconds = 180_000
    var futuresPongMilliseconds = 600_000
    var okxIdleMilliseconds = 30_000
    var connectionLifeMilliseconds = 86_400_000
    var spotStreams = 1024
    var futuresStreams = 200
    var bookLevels = 500
    var clockOffsetMilliseconds = 0
    var banMilliseconds = 120_000
    var rotationNoticeMilliseconds = 30_000
    var okxChecksum = OKXChecksum.absent
    var okxKeepAliveMilliseconds = 60_000
    var venues = VenueOptions()
    var help = false

    init(_ arguments: [String]) throws(OptionsProblem) {
        var rest = arguments[...]
        while let flag = rest.popFirst() {
            if takeSwitch(flag) { continue }
            guard let value = rest.popFirst() else { throw OptionsProblem(text: "\(flag) needs a value") }
            try take(flag, value)
        }
        guard (certificate == nil) == (key == nil) else {
            throw OptionsProblem(text: "--tls-cert and --tls-key go together")
        }
    }

    private mutating func takeSwitch(_ flag: String) -> Bool {
        switch flag {
        case "--loop": loop = true
        case "--session-wait": sessionWait = true
        case "--log-frames": logFrames = true
        case "--print-config": printConfiguration = true
        case "--exit-with-parent": exitWithParent = true
        case "--no-limits": limits = false
        case "--help", "-h": help = true
        default: return venues.takeSwitch(flag)
        }
        return true
    }

    private mutating func take(_ flag: String, _ value: String) throws(OptionsProblem) {
        switch flag {
        case "--host":
            guard ["127.0.0.1", "0.0.0.0"].contains(value) else {
                throw OptionsProblem(text: "--host is 127.0.0.1, or 0.0.0.0 inside a container")
            }
            host = value
        case "--tls-cert": certificate = value
        case "--tls-key": key = value
        case "--session": sessions.append(value)
        case "--instruments": instruments.append(value)
        case "--log": log = value
        case "--script": script = value
        case "--okx-checksum":
            guard let kind = OKXChecksum(rawValue: value) else {
                throw OptionsProblem(text: "--okx-checksum is absent, zero or right")
            }
            okxChecksum = kind
        case "--speed":
            guard value == "max" || (Double(value) ?? 0) > 0 else {
                throw OptionsProblem(text: "--speed is a positive number or max, not \(value)")
            }
            speed = value == "max" ? 0 : Double(value) ?? 1
        default:
            if try venues.take(flag, text: value) { return }
            guard let number = Int(value), number >= 0, number < 1 << 40 else {
                throw OptionsProblem(text: "\(flag) \(value): unknown flag, or not a number")
            }
            try takeNumber(flag, number)
        }
    }

    private mutating func takeNumber(_ flag: String, _ number: Int) throws(OptionsProblem) {
        switch flag {
        case "--port": port = UInt16(clamping: number)
        case "--control-port": controlPort = UInt16(clamping: number)
        case "--symbols": symbols = min(max(number, 1), 2000)
        case "--rate": rate = min(number, 1_000_000)
        case "--seed": seed = UInt64(number)
        case "--crossed-every-ms": crossedEveryMilliseconds = number
        case "--session-streams": sessionStreams = number
        case "--session-settle-ms": sessionSettleMilliseconds = number
        case "--ping-spot-ms": spotPingMilliseconds = number
        case "--pong-spot-ms": spotPongMilliseconds = number
        case "--ping-futures-ms": futuresPingMilliseconds = number
        case "--pong-futures-ms": futuresPongMilliseconds = number
        case "--okx-idle-ms": okxIdleMilliseconds = number
        case "--connection-life-ms": connectionLifeMilliseconds = number
        case "--max-streams-spot": spotStreams = number
        case "--max-streams-futures": futuresStreams = number
        case "--book-levels": bookLevels = min(max(number, 10), 10_000)
        case "--clock-offset-ms": clockOffsetMilliseconds = number
        case "--ban-ms": banMilliseconds = number
        case "--rotation-notice-ms": rotationNoticeMilliseconds = number
        case "--okx-keepalive-ms": okxKeepAliveMilliseconds = number
        default:
            guard venues.take(flag, number: number) else {
                throw OptionsProblem(text: "unknown flag \(flag)")
            }
        }
    }
}

/// What OKX's book frames say in `checksum`.
enum OKXChecksum: String {
    case absent
    case zero
    case right
}

extension Options {
    /// What `--print-config` shows: every value in force.
    var configuration: String {
        let out = ByteBuffer()
        out.append(text: "{\"port\":\(port),\"control_port\":\(controlPort),\"tls\":\(certificate != nil)")
        out.append(text: ",\"symbols\":\(symbols),\"rate\":\(rate),\"seed\":\(seed)")
        out.append(
            text: ",\"crossed_every_ms\":\(crossedEveryMilliseconds),\"speed\":\(speed),\"loop\":\(loop)"
        )
        out.append(text: ",\"session_wait\":\(sessionWait),\"session_streams\":\(sessionStreams)")
        out.append(text: ",\"session_settle_ms\":\(sessionSettleMilliseconds),\"limits\":\(limits)")
        out.append(text: ",\"ping_spot_ms\":\(spotPingMilliseconds),\"pong_spot_ms\":\(spotPongMilliseconds)")
        out.append(text: ",\"ping_futures_ms\":\(futuresPingMilliseconds)")
        out.append(
            text: ",\"pong_futures_ms\":\(futuresPongMilliseconds),\"okx_idle_ms\":\(okxIdleMilliseconds)"
        )
        out.append(text: ",\"connection_life_ms\":\(connectionLifeMilliseconds)")
        out.append(text: ",\"max_streams_spot\":\(spotStreams),\"max_streams_futures\":\(futuresStreams)")
        out.append(text: ",\"book_levels\":\(bookLevels),\"clock_offset_ms\":\(clockOffsetMilliseconds)")
        out.append(text: ",\"ban_ms\":\(banMilliseconds),\"okx_checksum\":\"\(okxChecksum.rawValue)\"")
        out.append(text: ",\"rotation_notice_ms\":\(rotationNoticeMilliseconds)")
        out.append(text: ",\"okx_keepalive_ms\":\(okxKeepAliveMilliseconds)")
        out.append(text: venues.configuration)
        out.append(text: ",\"sessions\":\(sessions.count),\"log\":")
        out.appendQuoted(log ?? "")
        out.append("}")
        return out.text
    }
}
