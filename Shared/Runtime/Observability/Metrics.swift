// Part of MarketBus. Apache License 2.0, see LICENSE.

import Synchronization

/// A number that only grows.
///
/// - Thread: any. Allocates: never. Relaxed: a scrape may see one counter before another.
public final class Counter: Sendable {
    private let cell = Atomic<UInt64>(0)

    /// Adds to the counter; it wraps at 2^64.
    public func add(_ amount: UInt64 = 1) {
        cell.wrappingAdd(amount, ordering: .relaxed)
    }

    /// The count so far.
    public var value: UInt64 { cell.load(ordering: .relaxed) }
}

/// A number that goes up and down.
///
/// - Thread: any. Allocates: never.
public final class Gauge: Sendable {
    private let cell = Atomic<UInt64>(Double(0).bitPattern)

    /// Sets the value.
    public func set(_ value: Double) {
        cell.store(value.bitPattern, ordering: .relaxed)
    }

    /// Sets a whole number; exact up to 2^53.
    public func set(_ value: Int) {
        set(Double(value))
    }

    /// Adds to the value, which may be negative.
    public func add(_ amount: Double) {
        var old = cell.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let result = cell.compareExchange(expected: old, desired: new, ordering: .relaxed)
            guard !result.exchanged else { return }
            old = result.original
        }
    }

    /// The value now.
    public var value: Double { Double(bitPattern: cell.load(ordering: .relaxed)) }
}

/// Counts of whole-number observations below rising bounds: latencies in nanoseconds or microseconds, sizes in bytes.
///
/// - Thread: any. Allocates: never after it was made.
public final class Histogram: @unchecked Sendable {
    // Safety: `cells` is set once; its elements are only touched through atomic operations until deinit.
    private let cells: UnsafeMutablePointer<Atomic<UInt64>>
    private let total = Atomic<Int64>(0)
    let bounds: [Int64]
    let scale: Double

    /// Makes a histogram; bounds are sorted, and `scale` turns the observed unit into the exported one.
    init(bounds: [Int64], scale: Double) {
        self.bounds = Array(Set(bounds)).sorted()
        self.scale = scale
        cells = .allocate(capacity: self.bounds.count + 1)
        for index in 0...self.bounds.count {
            (cells + index).initialize(to: Atomic<UInt64>(0))
        }
    }

    deinit {
        cells.deinitialize(count: bounds.count + 1)
        cells.deallocate()
    }

    /// Counts one observation, in the unit of the bounds.
    public func observe(_ value: Int64) {
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < value { low = middle + 1 } else { high = middle }
        }
        cells[low].wrappingAdd(1, ordering: .relaxed)
        total.wrappingAdd(value, ordering: .relaxed)
    }

    /// The count of each bucket, not cumulated; the last is above all bounds.
    public var counts: [UInt64] { (0...bounds.count).map { cells[$0].load(ordering: .relaxed) } }

    /// The sum of all observations in the unit of the bounds.
    public var sum: Int64 { total.load(ordering: .relaxed) }
}

/// The process's metrics.
///
/// Libraries ask once for a handle and keep it; a handle that can't be registered (a bad name, another kind
/// under the same name, too many series) still works but is not exported, and is counted.
///
/// - Thread: any; making handles and rendering take a lock, using a handle does not.
public final class Metrics: Sendable {
    /// The most label combinations that one name may have.
    public static let maximumSeries = 4096

    /// Bounds for latencies observed in nanoseconds: 1 µs to 10 s.
    public static let nanosecondLatency: [Int64] = [
        1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
        10_000_000, 25_000_000, 50_000_000, 100_000_000, 250_000_000, 500_000_000, 1_000_000_000,
        2_500_000_000,
        10_000_000_000,
    ]

    private let state = Lock<MetricTable>(MetricTable())

    /// Makes an empty registry.
    public init() {}

    /// The counter of this name and these labels; the same one for the same question.
    public func counter(_ name: String, help: String, labels: KeyValuePairs<String, String> = [:]) -> Counter
    {
        register(
            name,
            .counter,
            help,
            labels,
            make: { .counter(Counter()) },
            cast: { series in
                if case .counter(let found) = series { found } else { nil }
            }
        ) ?? Counter()
    }

    /// The gauge of this name and these labels; the same one for the same question.
    public func gauge(_ name: String, help: String, labels: KeyValuePairs<String, String> = [:]) -> Gauge {
        register(
            name,
            .gauge,
            help,
            labels,
            make: { .gauge(Gauge()) },
            cast: { series in
                if case .gauge(let found) = series { found } else { nil }
            }
        ) ?? Gauge()
    }

    /// The histogram of this name and these labels.
    ///
    /// `scale` turns the bounds' unit into the one in the name: 1e-9 for nanoseconds under `…_seconds`.
    public func histogram(
        _ name: String,
        help: String,
        labels: KeyValuePairs<String, String> = [:],
        bounds: [Int64] = Metrics.nanosecondLatency,
        scale: Double = 1e-9
    ) -> Histogram {
        register(
            name,
            .histogram,
            help,
            labels,
            make: { .histogram(Histogram(bounds: bounds, scale: scale)) },
            cast: {
                if case .histogram(let found) = $0 { found } else { nil }
            }
        ) ?? Histogram(bounds: bounds, scale: scale)
    }

    /// Runs a closure before every rendering, to refresh gauges that are read rather than kept.
    public func beforeRendering(_ refresh: @escaping @Sendable () -> Void) {
        state.withLock { $0.refreshers.append(refresh) }
    }

    /// The number of handles that were refused registration.
    public var refused: Int { state.withLock { $0.refused } }

    /// The Prometheus text exposition, format 0.0.4.
    public func render() -> [UInt8] {
        let refreshers = state.withLock { $0.refreshers }
        for refresh in refreshers { refresh() }
        return state.withLock { $0.render() }
    }

    private func register<Handle>(
        _ name: String,
        _ kind: MetricKind,
        _ help: String,
        _ labels: KeyValuePairs<String, String>,
        make: () -> MetricSeries,
        cast: (MetricSeries) -> Handle?
    ) -> Handle? {
        let rendered = MetricTable.renderLabels(labels)
        return state.withLock { table in
            guard let series = table.series(name, kind, help, rendered, make) else { return nil }
            return cast(series)
        }
    }
}
