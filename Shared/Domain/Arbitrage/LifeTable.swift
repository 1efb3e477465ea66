// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint

/// The lives of those routes that are worth something now, by route.
///
/// A life is large and changes often, so that it is changed where it lies.
///
/// - Thread: one at a time. Allocates: when more live, or a route of a higher number does, than ever before.
struct LifeTable: Sendable {
    /// The routes that live, ascending.
    private(set) var routes: ContiguousArray<Int> = []
    /// What lies in a free one is over.
    private var slots: ContiguousArray<RouteLife> = []
    private var free: ContiguousArray<Int> = []
    /// The slot of each route; below zero: it does not live.
    private var places: ContiguousArray<Int> = []

    /// A copy of a route's life.
    subscript(_ route: Int) -> RouteLife? { has(route) ? slots[places[route]] : nil }

    /// Whether a route lives.
    func has(_ route: Int) -> Bool { route < places.count && places[route] >= 0 }

    /// How many opportunities are open.
    var openCount: Int { routes.count { slots[places[$0]].openedMicroseconds != nil } }

    /// When a life was first seen that is to be told now, and its size; nil where it was told, or has not lasted so long.
    func waiting(_ route: Int, for duration: Int64, now: Int64) -> (seen: Int64, size: ScaledDecimal)? {
        guard has(route) else { return nil }
        let slot = places[route]
        guard slots[slot].openedMicroseconds == nil, slots[slot].hasLasted(duration, now: now) else {
            return nil
        }
        return (slots[slot].seenMicroseconds, slots[slot].figures.size)
    }

    /// Gives a route that does not live a life.
    mutating func begin(_ route: Int, _ life: RouteLife) {
        while places.count <= route { places.append(-1) }
        guard places[route] < 0 else { return }
        if let slot = free.popLast() {
            places[route] = slot
            slots[slot] = life
        } else {
            places[route] = slots.count
            slots.append(life)
        }
        routes.insert(route, at: rank(of: route))
    }

    /// Changes a route's life, where it has one.
    mutating func change<Result>(_ route: Int, _ body: (inout RouteLife) -> Result) -> Result? {
        guard has(route) else { return nil }
        return body(&slots[places[route]])
    }

    /// Ends a route's life.
    mutating func end(_ route: Int) {
        guard has(route) else { return }
        free.append(places[route])
        places[route] = -1
        routes.remove(at: rank(of: route))
    }

    /// How many of those that live come before a route.
    private func rank(of route: Int) -> Int {
        var (low, high) = (0, routes.count)
        while low < high {
            let middle = (low + high) / 2
            if routes[middle] < route { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
