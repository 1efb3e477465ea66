// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import Observability
import Wire

/// Channels of a symbol that were asked for while running and can't be had.
struct Rejection: Hashable {
    var symbol: String
    var venueSymbol: String
    var channels: [Channel]
    /// Why, for a person.
    var detail: String

    init(_ symbol: String, _ venueSymbol: String, _ channels: [Channel], _ detail: String) {
        self.symbol = symbol
        self.venueSymbol = venueSymbol
        self.channels = channels
        self.detail = detail
    }

    /// A symbol that is not known.
    init(_ entry: WantedSymbols.Entry, _ detail: String) {
        self.init(entry.symbol, "", entry.channels, detail)
    }
}

// MARK: Wishes while running

extension FeedEngine {
    /// Takes news of `ctl.subscription.v1` in: what is wanted anew is asked for at once.
    func take(_ news: SubscriptionNews) {
        guard !isStopping else { return }
        switch news {
        case .all(let wishes):
            wanted.removeAll()
            take(wishes)
        case .changed(let wishes):
            take(wishes)
            askAgain(Set(wishes.map(\.symbol)))
        case .unusable(let detail):
            announce(Incident(.subscriptionIgnored, detail), topic: TopicRegistry.subscription)
        case .unavailable(let detail):
            guard !areSubscriptionsKnown else { return }
            let text = "what is configured is wanted: \(detail)"
            announce(Incident(.subscriptionIgnored, text), topic: TopicRegistry.subscription)
            areSubscriptionsKnown = true
            planIfPossible()
        }
    }

    private func take(_ wishes: [SubscriptionWish]) {
        for wish in wishes {
            guard let ignored = wanted.take(wish) else { continue }
            announce(
                Incident(.subscriptionIgnored, ignored),
                topic: TopicRegistry.subscription,
                symbol: wish.symbol
            )
        }
        areSubscriptionsKnown = true
        if isPlanned { replan() } else { planIfPossible() }
    }

    /// What the venue refused and is named once more is asked for once more.
    private func askAgain(_ symbols: Set<String>) {
        for connection in carrying {
            let refused = Set(connection.refused.filter { symbols.contains(symbol(of: $0)) })
            guard !refused.isEmpty else { continue }
            let all = planner.streams(on: connection.number)
            setWanted(all.filter { !refused.contains($0) }, on: connection.number)
            setWanted(all, on: connection.number)
        }
    }

    /// Instruments are new or gone: what was unknown may be known now.
    func instrumentsChanged() {
        explanations.removeAll()
        if !rejections.isEmpty { replan() }
    }

    /// Says once of everything that can't be had why.
    func announceRejections() {
        let now = Set(rejections)
        for rejection in rejections where !announced.contains(rejection) {
            announce(
                Incident(.refused, rejection.detail),
                topic: rejection.venueSymbol.isEmpty
                    ? TopicRegistry.instrument : rejection.channels.first?.topic ?? TopicRegistry.instrument,
                symbol: rejection.symbol
            )
        }
        announced = now
    }
}
