// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Quotes

struct SettlingKey: Hashable, Sendable {
    let route: Int
    let opened: Int64
}

/// A taker's orders on their way.
struct Replay: Sendable {
    let due: Int64
    let route: Int
    let opened: Int64
    let latency: Int64
    let size: ScaledDecimal
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
        for latency in settings.latencies {
            let (due, overflow) = now.addingReportingOverflow(latency)
            guard !overflow, replays.count < settings.maximumReplays else {
                counts.refusedReplays &+= 1
                continue
            }
            nextReplay = min(nextReplay, due)
            replays.append(Replay(due: due, route: route, opened: opened, latency: latency, size: size))
            count += 1
        }
        return count
    }

    /// Lets those orders arrive that are due before now: the books still are as they were then.
    mutating func settle(before now: Int64) {
        guard nextReplay < now else { return }
        var arrived: [Replay] = []
        nextReplay = .max
        replays.removeAll { replay in
            guard replay.due < now else {
                nextReplay = min(nextReplay, replay.due)
                return false
            }
            arrived.append(replay)
            return true
        }
        arrived.sort { ($0.due, $0.route, $0.opened) < ($1.due, $1.route, $1.opened) }
        for replay in arrived { settle(replay) }
    }

    private mutating func settle(_ replay: Replay) {
        let result = TakerResult(latencyMicroseconds: replay.latency, earned: earned(replay))
        if lives[replay.route]?.openedMicroseconds == replay.opened {
            lives[replay.route]?.settle(result)
            return
        }
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
