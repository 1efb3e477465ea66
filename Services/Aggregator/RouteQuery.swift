// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import HTTPServer
import Routing

/// `GET /route?symbol=BTC-USDT&side=buy&size=2.5`: the cheapest way of an order over venues, as JSON or, with `as=lines`, as text.
struct RouteQuery: Sendable {
    let desk: RouteDesk

    /// The route of the HTTP server.
    var route: HTTPRoute { HTTPRoute("GET", "/route") { answer($0) } }

    private func answer(_ request: HTTPRequest) -> HTTPResponse {
        let form = request.query("as") ?? "json"
        guard form == "json" || form == "lines" else {
            return .text("as \"\(form.prefix(64))\" is no form: write json or lines\n", status: 400)
        }
        let read = OrderQuestion.read(
            symbol: request.query("symbol"),
            side: request.query("side"),
            size: request.query("size")
        )
        switch read {
        case .failure(let problems): return .text("\(problems)\n", status: 400)
        case .success(let question): return answer(question, asLines: form == "lines")
        }
    }

    private func answer(_ question: OrderQuestion, asLines: Bool) -> HTTPResponse {
        switch desk.ask(question.symbol, isBuy: question.isBuy) {
        case .unknownSymbol:
            let why = "is not known here: it must be streamed, and in a partition of this aggregator"
            return .text("symbol \"\(question.symbol)\" \(why)\n", status: 404)
        case .notNow:
            return .text("the aggregator has no answer now: see /ready, and ask again\n", status: 503)
        case .market(let market):
            do throws(DecimalError) {
                let reply = try RouteReply(question, market)
                return asLines ? .text(reply.lines) : .json(reply.json)
            } catch {
                return .text("size \(question.size) is beyond exact arithmetic: ask for less\n", status: 400)
            }
        }
    }
}
