// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import OrderBooks

extension BookKeeper {
    /// How a push stands to the book that is published.
    func standing(of update: BookUpdate) -> BookStanding {
        guard let kept = known(update.instrument), kept.machine.state == .live else { return .free }
        let number = update.lastSequence
        guard number != VenueSequence.none else { return update.kind == .delta ? .unknown : .snapshot }
        let sequence = kept.machine.sequence
        if number == sequence { return .level }
        guard update.kind != .snapshot else { return number < sequence ? .older : .newer }
        let push = BookSequence(
            first: update.firstSequence,
            last: number,
            previous: update.previousSequence
        )
        if kept.machine.link(push) == .next { return .next }
        return number < sequence ? .older : .newer
    }
}
