// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle

/// Whether a client reaches its cluster.
public enum KafkaHealth: Sendable {
    /// No broker has answered yet, none has failed either.
    case connecting(since: MonotonicNanos)
    /// A broker answers.
    case connected
    /// No broker answers; the detail is the library's last words.
    case away(since: MonotonicNanos, detail: String)
    /// The client can't go on and says why: a fatal protocol error, or away for too long.
    case failed(KafkaError)

    /// Whether records travel.
    public var isConnected: Bool {
        if case .connected = self { true } else { false }
    }

    /// One line for `/ready`: `no broker of localhost:9092 answers since 12 s`.
    public func text(bootstrapServers: String, now: MonotonicNanos = .now) -> String {
        switch self {
        case .connecting:
            return "connecting to \(bootstrapServers)"
        case .connected:
            return "connected to \(bootstrapServers)"
        case .away(let since, let detail):
            let words = detail.isEmpty ? "" : " (\(detail))"
            return
                "no broker of \(bootstrapServers) answers since \(max(0, (now - since) / 1_000_000_000)) s\(words)"
        case .failed(let error):
            return error.message
        }
    }
}

/// Decides from what the library says whether the cluster is there: a value, so that a test can drive it.
struct HealthMachine {
    /// What was learned.
    enum Input {
        /// A broker answered a request.
        case answered
        /// The library lost its last broker, or one did not answer in time.
        case lost(detail: String)
        /// One broker's trouble, which explains an absence but does not prove it; a refused log-in at the start does.
        case trouble(detail: String, isLogin: Bool)
        /// The library can't go on.
        case fatal(KafkaError)
        /// Time passed.
        case tick
    }

    private(set) var health: KafkaHealth
    private let awayExitMilliseconds: Int64
    /// How long a client may be silent at its start before that counts as away.
    static let connectMilliseconds: Int64 = 3000
    private let bootstrapServers: String
    private var unreachableSince: MonotonicNanos

    init(_ settings: KafkaSettings, now: MonotonicNanos) {
        health = .connecting(since: now)
        unreachableSince = now
        awayExitMilliseconds = settings.awayExitMilliseconds
        bootstrapServers = settings.bootstrapServers
    }

    /// Takes an input in; returns whether the kind of state changed.
    mutating func take(_ input: Input, now: MonotonicNanos) -> Bool {
        if case .failed = health { return false }
        switch input {
        case .answered:
            return become(.connected, if: !health.isConnected)
        case .lost(let detail):
            return lose(detail: detail, now)
        case .trouble(let detail, let isLogin):
            return explain(detail, isLogin, now)
        case .fatal(let error):
            return become(.failed(error), if: true)
        case .tick:
            return tick(now)
        }
    }

    private mutating func lose(detail: String, _ now: MonotonicNanos) -> Bool {
        if health.isConnected { unreachableSince = now }
        if case .away(let since, _) = health {
            if !detail.isEmpty { health = .away(since: since, detail: detail) }
            return false
        }
        return become(.away(since: unreachableSince, detail: detail), if: true)
    }

    private mutating func explain(_ detail: String, _ isLogin: Bool, _ now: MonotonicNanos) -> Bool {
        switch health {
        case .connecting where isLogin:
            return lose(detail: detail, now)
        case .away(let since, let known):
            // A refused log-in ends in a closed connection: that must not hide the cause.
            if isLogin || !known.hasPrefix("log-in") { health = .away(since: since, detail: detail) }
            return false
        default:
            return false
        }
    }

    private mutating func tick(_ now: MonotonicNanos) -> Bool {
        if health.isConnected { return false }
        let silent = (now - unreachableSince) / 1_000_000
        if awayExitMilliseconds > 0, silent >= awayExitMilliseconds {
            let message = "no broker of \(bootstrapServers) answered for \(silent / 1000) s"
            return become(.failed(KafkaError(code: .timedOut, retry: .fatal, message: message)), if: true)
        }
        if case .connecting = health, silent >= Self.connectMilliseconds {
            return become(.away(since: unreachableSince, detail: "no answer yet"), if: true)
        }
        return false
    }

    private mutating func become(_ next: KafkaHealth, if changes: Bool) -> Bool {
        if changes { health = next }
        return changes
    }
}
