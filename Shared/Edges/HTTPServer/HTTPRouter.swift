// Part of MarketBus. Apache License 2.0, see LICENSE.

import Observability

/// Finds the route of a request and counts what was asked.
struct HTTPRouter: Sendable {
    private let routes: [(route: HTTPRoute, count: Counter)]
    private let unknown: Counter
    private let refused: Counter

    init(routes: [HTTPRoute], metrics: Metrics) {
        let name = "marketbus_http_requests_total"
        let help = "Requests answered, by route."
        self.routes = routes.map { route in
            (route, metrics.counter(name, help: help, labels: ["method": route.method, "path": route.path]))
        }
        unknown = metrics.counter(name, help: help, labels: ["method": "", "path": "unknown"])
        refused = metrics.counter(
            "marketbus_http_refused_total",
            help: "Requests that were not HTTP or too large."
        )
    }

    func maximumBody(method: String, path: String) -> Int {
        find(method, path)?.route.maximumBody ?? 0
    }

    func countRefused() {
        refused.add()
    }

    /// The answer, and for a known path asked in the wrong way the methods that it allows.
    func response(to request: HTTPRequest) -> (HTTPResponse, allow: String?) {
        if let found = find(request.method, request.path) {
            found.count.add()
            return (found.route.handler(request), nil)
        }
        unknown.add()
        let allowed = routes.filter { $0.route.path == request.path }.map { $0.route.method }
        guard allowed.isEmpty else {
            return (
                .text("use \(allowed.joined(separator: ", "))\n", status: 405),
                allowed.joined(separator: ", ")
            )
        }
        let known = routes.map { "\($0.route.method) \($0.route.path)\n" }.joined()
        return (.text("not here; try\n\(known)", status: 404), nil)
    }

    private func find(_ method: String, _ path: String) -> (route: HTTPRoute, count: Counter)? {
        let wanted = method == "HEAD" ? "GET" : method
        return routes.first { $0.route.path == path && $0.route.method == wanted }
    }
}

extension HTTPRoute {
    /// What every service answers: `/live`, `/ready` (503 until all checks are ready, one line a check) and `/metrics`.
    public static func standard(_ observability: Observability) -> [HTTPRoute] {
        [
            HTTPRoute("GET", "/live") { _ in .text("alive\n") },
            HTTPRoute("GET", "/ready") { _ in
                .text(observability.readiness.report, status: observability.readiness.isReady ? 200 : 503)
            },
            HTTPRoute("GET", "/metrics") { _ in
                HTTPResponse(
                    contentType: "text/plain; version=0.0.4; charset=utf-8",
                    body: observability.metrics.render()
                )
            },
        ]
    }
}
