// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Whether one part of a service can do its work, in words that an operator understands.
///
/// - Thread: any.
public final class ReadinessCheck: Sendable {
    /// The part's name, unique in the registry.
    public let name: String
    private let state: Lock<(isReady: Bool, text: String)>

    init(name: String, text: String) {
        self.name = name
        state = Lock((false, text))
    }

    /// Says whether the part is ready, and why or with what.
    public func set(_ isReady: Bool, _ text: String) {
        state.withLock { $0 = (isReady, text) }
    }

    /// The part's state now.
    public var current: (isReady: Bool, text: String) { state.withLock { $0 } }
}

/// The checks that together decide `/ready`.
///
/// - Thread: any.
public final class Readiness: Sendable {
    private let checks = Lock<[ReadinessCheck]>([])

    /// Makes a registry without checks; it is ready.
    public init() {}

    /// Adds a check that is not ready until told; the same one for the same name.
    public func check(_ name: String, _ text: String = "starting") -> ReadinessCheck {
        checks.withLock { all in
            if let known = all.first(where: { $0.name == name }) { return known }
            let made = ReadinessCheck(name: name, text: text)
            all.append(made)
            return made
        }
    }

    /// Whether all checks are ready.
    public var isReady: Bool { all.allSatisfy { $0.current.isReady } }

    /// One line a check: `ok kafka: 3 brokers` or `not ready kafka: no broker answers`.
    public var report: String {
        all.map { check in
            let now = check.current
            return "\(now.isReady ? "ok" : "not ready") \(check.name): \(now.text)\n"
        }.joined()
    }

    private var all: [ReadinessCheck] { checks.withLock { $0 } }
}
