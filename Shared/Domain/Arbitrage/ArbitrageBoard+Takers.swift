// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Quotes

struct SettlingKey: Hashable, Sendable {
    let route: Int
    let opened: Int64
}

extension ArbitrageBoard {
    /// Sends the orders of all latencies on their way; gives their number.
    mutating func scheduleReplays(
        _ route: Int,
        _ opened: Int64,
        _ size: ScaledDecimal,
        _ now: Int64
    ) -> Int {
        var count = 0
        for (index, latency) in settings.latencies.enumerated() {
            let (due, overflow) = now.addingReportingOverflow(latency)
            guard !overflow, replays.count < settings.maximumReplays else {
                counts.refusedReplays &+= 1
                continue
            }
            let replay = Replay(due: due, route: route, opened: opened, latency: latency, size: size)
            replays.append(replay, latency: index)
            count += 1
        }
        return count
    }

    /// Lets those orders arrive that are due before now: the books still are as they were then.
    mutating func settle(before now: Int64) {
        guard replays.nextDue < now else { return }
        replays.take(before: now, into: &arrived)
        if arrived.count > 1 {
            arrived.sort { ($0.due, $0.route, $0.opened) < ($1.due, $1.route, $1.opened) }
        }
        for index in arrived.indices { settle(arrived[index]) }
        arrived.removeAll(keepingCapacity: true)
    }

    private mutating func settle(_ replay: Replay) {
        let result = TakerResult(latencyMicroseconds: replay.latency, earned: earned(replay))
        let isOpen = lives.change(replay.route) { life in
            guard life.openedMicroseconds == replay.opened else { return false }
            life.settle(result)
            return true
        }
        if isOpen == true { return }
        let key = SettlingKey(route: replay.route, opened: replay.opened)
        guard var life = settling[key] else { return }
        life.settle(result)
        settling[key] = life.awaited > 0 ? life : nil
        if life.awaited == 0 { tell(life, replay.route, .settle, nil, nil, replay.due) }
    }

    private mutating func earned(_ replay: Replay) -> ScaledDecimal? {
        guard obstacle(replay.route) == nil else { return nil }
        let rules = rules(replay.route)
        let route = map.routes[replay.route]
        do throws(DecimalError) {
            return try rules.profit(of: replay.size, route, depth, carry: try carry(route, replay.due))
        } catch {
            counts.overflows &+= 1
            return nil
        }
    }
}
