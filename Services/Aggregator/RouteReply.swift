// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Routing
import Wire

/// What is said about an order: the cheapest split, each venue alone, and who could not take part.
struct RouteReply {
    /// A way to carry the order out, with what it costs.
    private struct Way {
        let split: OrderSplit
        let average: ScaledDecimal
        let cost: OrderSplit.Cost?

        init(_ split: OrderSplit, _ isBuy: Bool, _ mid: ScaledDecimal?) throws(DecimalError) {
            self.split = split
            average = try split.average()
            if let mid { cost = try split.cost(isBuy: isBuy, mid: mid) } else { cost = nil }
        }
    }

    private struct Alone {
        let venue: String
        let age: Int64
        let way: Way?
        /// What it costs more than the split; nil where it does not do as much.
        let extra: ScaledDecimal?
    }

    private let question: OrderQuestion
    private let market: RouteMarket
    private let best: Way?
    private let alone: [Alone]

    /// Works the route out.
    ///
    /// - Throws: ``DecimalError/overflow``.
    init(_ question: OrderQuestion, _ market: RouteMarket) throws(DecimalError) {
        self.question = question
        self.market = market
        let (isBuy, mid) = (question.isBuy, market.mid)
        let route = try OrderRouter.route(question.size, isBuy: isBuy, market.venues, mid: mid)
        var best: Way?
        if let split = route.best { best = try Way(split, isBuy, mid) }
        var alone: [Alone] = []
        for index in market.names.indices {
            var way: Way?
            var extra: ScaledDecimal?
            if index < route.single.count, let split = route.single[index] {
                way = try Way(split, isBuy, mid)
                extra = try route.best?.saving(over: split, isBuy: isBuy)
            }
            alone.append(Alone(venue: market.names[index], age: market.ages[index], way: way, extra: extra))
        }
        self.best = best
        self.alone = alone
    }

    /// Whether the split carries out all that was asked for.
    private var isWhole: Bool { best?.split.size == question.size }

    private func name(of part: OrderPart) -> String {
        guard let place = market.venues.firstIndex(where: { $0.venue == part.venue }) else { return "" }
        return market.names[place]
    }
}

// MARK: - JSON

extension RouteReply {
    /// One JSON object.
    var json: String {
        var writer = JSONWriter()
        writer.literal("{\"complete\":")
        writer.bool(isWhole)
        writer.literal(",\"symbol\":")
        writer.string(question.symbol)
        writer.literal(question.isBuy ? ",\"side\":\"buy\"" : ",\"side\":\"sell\"")
        writer.literal(",\"size\":")
        writer.decimal(question.size)
        writer.literal(",\"currency\":")
        writer.string(market.quote)
        writer.literal(",\"at_us\":")
        writer.integer(market.atMicroseconds)
        writer.literal(",\"mid\":")
        writer.decimal(market.mid)
        writer.literal(",\"best\":")
        if let best { write(best, &writer) } else { writer.literal("null") }
        writer.literal(",\"alone\":[")
        for (place, alone) in alone.enumerated() {
            writer.literal(place == 0 ? "{\"venue\":" : ",{\"venue\":")
            writer.string(alone.venue)
            writer.literal(",\"age_us\":")
            writer.integer(alone.age)
            writer.literal(",\"extra\":")
            writer.decimal(alone.extra)
            writer.literal(",\"way\":")
            if let way = alone.way { write(way, &writer) } else { writer.literal("null") }
            writer.literal("}")
        }
        writer.literal("],\"left_out\":[")
        for (place, absence) in market.absences.enumerated() {
            writer.literal(place == 0 ? "{\"venue\":" : ",{\"venue\":")
            writer.string(absence.venue)
            writer.literal(",\"why\":")
            writer.string(absence.why)
            writer.literal("}")
        }
        writer.literal("]}\n")
        return writer.string
    }

    private func write(_ way: Way, _ writer: inout JSONWriter) {
        writer.literal("{\"size\":")
        writer.decimal(way.split.size)
        writer.literal(",\"total\":")
        writer.decimal(way.split.total)
        writer.literal(",\"average\":")
        writer.decimal(way.average)
        writer.literal(",\"cost\":")
        if let cost = way.cost { writer.decimal(cost.amount) } else { writer.literal("null") }
        writer.literal(",\"cost_bps\":")
        if let cost = way.cost { writer.decimal(cost.basisPoints) } else { writer.literal("null") }
        writer.literal(",\"parts\":[")
        for (place, part) in way.split.parts.enumerated() {
            writer.literal(place == 0 ? "{\"venue\":" : ",{\"venue\":")
            writer.string(name(of: part))
            writer.literal(",\"size\":")
            writer.decimal(part.size)
            writer.literal(",\"value\":")
            writer.decimal(part.value)
            writer.literal(",\"fee\":")
            writer.decimal(part.fee)
            writer.literal(",\"worst_price\":")
            writer.decimal(part.worstPrice)
            writer.literal("}")
        }
        writer.literal("]}")
    }
}

// MARK: - Lines

extension RouteReply {
    /// The same for people.
    var lines: String {
        let verb = question.isBuy ? "buy" : "sell"
        var text = "\(verb) \(question.size) \(question.symbol)"
        guard let best else { return text + ": no venue can do any of it now\n" + others }
        if !isWhole { text += ": only \(best.split.size) can be done now" }
        text +=
            "\n\(question.isBuy ? "costs" : "brings") \(best.split.total) \(market.quote), fees included; "
        text += "\(best.average) each"
        if let cost = best.cost, let mid = market.mid {
            text += "; \(cost.amount) (\(cost.basisPoints) bp) beyond the middle, \(mid)"
        }
        text += "\n"
        for part in best.split.parts {
            text += "  \(name(of: part))  \(part.size)  value \(part.value)  fee \(part.fee)"
            text += "  worst price \(part.worstPrice)\n"
        }
        return text + others
    }

    private var others: String {
        var text = ""
        for alone in alone { text += "alone, \(alone.venue): \(line(alone))\n" }
        for absence in market.absences { text += "left out, \(absence.venue): \(absence.why)\n" }
        return text
    }

    private func line(_ alone: Alone) -> String {
        guard let way = alone.way else { return "nothing: its book or its minimums don't allow it" }
        var text = way.split.size == question.size ? "" : "only \(way.split.size), "
        text += "\(way.split.total)"
        if let cost = way.cost { text += ", \(cost.basisPoints) bp beyond the middle" }
        if let extra = alone.extra { text += extra.isZero ? ", as good" : ", \(extra) worse" }
        return text
    }
}
