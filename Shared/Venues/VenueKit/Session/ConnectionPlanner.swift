// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

/// One connection to be made: where to, and which streams it carries.
public struct ConnectionPlan: Sendable, Equatable {
    /// The endpoint's name in the profile.
    public var endpoint: String
    /// The streams.
    public var streams: [VenueStream]

    /// Makes a plan.
    public init(endpoint: String, streams: [VenueStream]) {
        self.endpoint = endpoint
        self.streams = streams
    }
}

/// A stream that is wanted, and where the venue has it.
public struct PlannedStream: Hashable, Sendable {
    /// The stream.
    public var stream: VenueStream
    /// The endpoint's name in the profile.
    public var endpoint: String
    /// The channel whose frames bring it: another than its own where quotes are the top of the book.
    ///
    /// What comes by the same frames counts once, and stays on one connection.
    public var carrier: Channel

    /// Makes a stream with its place; without a carrier it comes by itself.
    public init(_ stream: VenueStream, endpoint: String, carrier: Channel? = nil) {
        self.stream = stream
        self.endpoint = endpoint
        self.carrier = carrier ?? stream.channel
    }
}

/// What becomes of one connection when other streams are wanted.
public struct PlanChange: Sendable, Equatable {
    /// The connection's number.
    public var connection: Int
    /// Whether the connection is to be made.
    public var isNew: Bool
    /// Everything that it carries from now on; nothing: it is to be closed.
    public var plan: ConnectionPlan
    /// What it carries in addition.
    public var added: [VenueStream] = []
    /// What it carries no longer.
    public var removed: [VenueStream] = []
}

/// Which connection carries which stream, while streams come and go: a stream that stays is never moved.
///
/// All streams of an instrument at one endpoint share a connection where there is room for them.
public struct ConnectionPlanner: Sendable {
    /// What a connection is made for: an endpoint, and one market where the venue does not mix them.
    private struct Target: Hashable {
        var endpoint: String
        var market: MarketID?
    }

    /// What counts against the venue's limit.
    private struct Carrier: Hashable {
        var instrument: InstrumentID
        var channel: Channel
        var interval: CandleInterval?
        var isReference: Bool

        init(_ planned: PlannedStream) {
            instrument = planned.stream.instrument
            channel = planned.carrier
            interval = planned.stream.interval
            isReference = planned.stream.isReference
        }
    }

    /// One connection; without a target its number is free.
    private struct Line {
        var target: Target?
        var streams: [PlannedStream] = []
        var carriers: [Carrier: Int] = [:]
        var load: Int { carriers.count }
    }

    private let limit: Int
    private let mixesMarkets: Bool
    private var lines: [Line] = []
    private var homes: [PlannedStream: Int] = [:]
    private var carried: [Target: [Carrier: Int]] = [:]
    private var changes: [Int: PlanChange] = [:]

    /// Makes a planner without connections.
    ///
    /// - Parameters:
    ///   - limit: how many streams the venue gives one connection.
    ///   - mixesMarkets: whether a connection serves several markets.
    public init(streamsPerConnection limit: Int, mixesMarkets: Bool = true) {
        self.limit = max(limit, 1)
        self.mixesMarkets = mixesMarkets
    }

    /// The streams of a connection.
    public func streams(on connection: Int) -> [VenueStream] {
        lines.indices.contains(connection) ? lines[connection].streams.map(\.stream) : []
    }

    /// Other streams are wanted from now on.
    ///
    /// Places that become free are filled again; what is left goes to as few new connections as the limit allows,
    /// evenly filled, in the order of the streams.
    ///
    /// - Returns: the connections that change, by their numbers.
    public mutating func setWanted(_ wanted: [PlannedStream]) -> [PlanChange] {
        let kept = Set(wanted)
        for line in lines.indices where lines[line].streams.contains(where: { !kept.contains($0) }) {
            for planned in lines[line].streams where !kept.contains(planned) { remove(planned, from: line) }
        }
        var order: [Target] = []
        var byTarget: [Target: [PlannedStream]] = [:]
        var seen: Set<PlannedStream> = []
        for planned in wanted where homes[planned] == nil && seen.insert(planned).inserted {
            let target = target(of: planned)
            if byTarget[target] == nil { order.append(target) }
            byTarget[target, default: []].append(planned)
        }
        for target in order { place(byTarget[target] ?? [], at: target) }
        return takeChanges()
    }

    private func target(of planned: PlannedStream) -> Target {
        Target(endpoint: planned.endpoint, market: mixesMarkets ? nil : planned.stream.market)
    }

    // MARK: Places

    private mutating func place(_ fresh: [PlannedStream], at target: Target) {
        var homeless: [[PlannedStream]] = []
        for group in groups(fresh, at: target) {
            if let line = room(for: group, at: target) {
                for planned in group { add(planned, to: line) }
            } else {
                homeless.append(group)
            }
        }
        guard !homeless.isEmpty else { return }
        let total = homeless.reduce(0) { $0 + Self.load(of: $1) }
        let parts = (total + limit - 1) / limit
        let share = (total + parts - 1) / parts
        var line = open(target)
        for group in homeless {
            let load = lines[line].load
            if load >= share || load + Self.load(of: group) > limit { line = open(target) }
            for planned in group { add(planned, to: line) }
        }
    }

    /// An instrument's streams together, in parts where they are more than a connection takes; what comes by a carrier
    /// that is there already is added to it.
    private mutating func groups(_ fresh: [PlannedStream], at target: Target) -> [[PlannedStream]] {
        var order: [InstrumentID] = []
        var byInstrument: [InstrumentID: [PlannedStream]] = [:]
        for planned in fresh {
            if let line = carried[target]?[Carrier(planned)] {
                add(planned, to: line)
                continue
            }
            let instrument = planned.stream.instrument
            if byInstrument[instrument] == nil { order.append(instrument) }
            byInstrument[instrument, default: []].append(planned)
        }
        return order.flatMap { split(byInstrument[$0] ?? []) }
    }

    private func split(_ group: [PlannedStream]) -> [[PlannedStream]] {
        guard Self.load(of: group) > limit else { return [group] }
        var parts: [[PlannedStream]] = []
        var places: [Carrier: Int] = [:]
        for planned in group {
            let carrier = Carrier(planned)
            let part = places[carrier] ?? places.count / limit
            places[carrier] = part
            while parts.count <= part { parts.append([]) }
            parts[part].append(planned)
        }
        return parts
    }

    private static func load(of group: [PlannedStream]) -> Int { Set(group.map(Carrier.init)).count }

    /// The connection that has room for a group: that of the instrument's other streams, else the emptiest.
    private func room(for group: [PlannedStream], at target: Target) -> Int? {
        let load = Self.load(of: group)
        let open = lines.indices.filter { lines[$0].target == target && lines[$0].load + load <= limit }
        guard let instrument = group.first?.stream.instrument, !open.isEmpty else { return nil }
        let own = open.first { line in lines[line].carriers.keys.contains { $0.instrument == instrument } }
        return own ?? open.min { (lines[$0].load, $0) < (lines[$1].load, $1) }
    }

    private mutating func open(_ target: Target) -> Int {
        let free = lines.firstIndex { $0.target == nil } ?? lines.count
        if free == lines.count { lines.append(Line()) }
        lines[free].target = target
        note(free) { $0.isNew = true }
        return free
    }

    private mutating func add(_ planned: PlannedStream, to line: Int) {
        guard let target = lines[line].target else { return }
        lines[line].streams.append(planned)
        lines[line].carriers[Carrier(planned), default: 0] += 1
        carried[target, default: [:]][Carrier(planned)] = line
        homes[planned] = line
        note(line) { $0.added.append(planned.stream) }
    }

    private mutating func remove(_ planned: PlannedStream, from line: Int) {
        guard let target = lines[line].target else { return }
        let carrier = Carrier(planned)
        lines[line].streams.removeAll { $0 == planned }
        homes[planned] = nil
        let left = (lines[line].carriers[carrier] ?? 1) - 1
        lines[line].carriers[carrier] = left > 0 ? left : nil
        if left <= 0 { carried[target]?[carrier] = nil }
        note(line) { $0.removed.append(planned.stream) }
    }

    // MARK: Changes

    private mutating func note(_ line: Int, _ body: (inout PlanChange) -> Void) {
        let endpoint = lines[line].target?.endpoint ?? ""
        let plan = ConnectionPlan(endpoint: endpoint, streams: [])
        body(&changes[line, default: PlanChange(connection: line, isNew: false, plan: plan)])
    }

    private mutating func takeChanges() -> [PlanChange] {
        let changed = changes.values.sorted { $0.connection < $1.connection }
        changes.removeAll()
        return changed.map { change in
            var change = change
            change.plan.streams = lines[change.connection].streams.map(\.stream)
            if change.plan.streams.isEmpty { lines[change.connection].target = nil }
            return change
        }
    }
}
