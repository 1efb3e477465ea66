// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import REST

/// Questions by REST; answers are brought to the feed's thread as they are.
///
/// - Thread: that of the feed.
final class RESTQueryTransport: QueryTransport {
    private let client: RESTClient
    private let venue: any Venue
    private let headers: Headers
    private let deliver: @Sendable (Int, QueryAnswer) -> Void
    private var requests: [Int: RESTRequestID] = [:]
    /// Requests of which the desk may still want to cancel one; older ones have ended long since.
    private static let remembered = 64

    /// The names of headers that speak of budgets.
    private struct Headers: Sendable {
        var used: Set<String>
        var remaining: Set<String>
        var limit: Set<String>

        func figures(_ response: RESTResponse) -> BudgetFigures {
            var figures = BudgetFigures()
            for header in response.headers {
                if used.contains(header.name) { figures.used = Int(header.value) }
                if remaining.contains(header.name) { figures.remaining = Int(header.value) }
                if limit.contains(header.name) { figures.limit = Int(header.value) }
            }
            return figures
        }
    }

    init(client: RESTClient, venue: any Venue, deliver: @escaping @Sendable (Int, QueryAnswer) -> Void) {
        self.client = client
        self.venue = venue
        self.deliver = deliver
        let rules = venue.profile.restBudgets
        headers = Headers(
            used: Set(rules.compactMap(\.usedHeader)),
            remaining: Set(rules.compactMap(\.remainingHeader)),
            limit: Set(rules.compactMap(\.limitHeader))
        )
    }

    func fetch(_ token: Int, url: String, timeoutMilliseconds: Int) {
        let request = RESTRequest(url: url, totalTimeoutMilliseconds: max(timeoutMilliseconds, 1))
        requests[token] = client.send(request) { [venue, headers, deliver] result in
            deliver(token, Self.answer(result, venue, headers))
        }
        if requests.count > Self.remembered, let oldest = requests.keys.min() { requests[oldest] = nil }
    }

    func cancel(_ token: Int) {
        if let request = requests.removeValue(forKey: token) { client.cancel(request) }
    }

    /// The longest body that is looked at for an error: venues that say them with status 200 do so in few words.
    private static let errorBytes = 1024

    private static func answer(
        _ result: Result<RESTResponse, RESTError>,
        _ venue: any Venue,
        _ headers: Headers
    ) -> QueryAnswer {
        switch result {
        case .failure(let error):
            return .failure(error.description, retryAfterMilliseconds: nil)
        case .success(let response):
            var answer = answer(response, venue)
            answer.figures = headers.figures(response)
            return answer
        }
    }

    private static func answer(_ response: RESTResponse, _ venue: any Venue) -> QueryAnswer {
        let isFine = response.status == 200
        guard !isFine || response.body.count <= errorBytes else { return .body(response.body) }
        let verdict = response.body.withUnsafeBytes { body in
            venue.verdict(
                status: response.status,
                retryAfterSeconds: response.retryAfterSeconds,
                body: body
            )
        }
        switch verdict {
        case .retry(let wait):
            return .failure("HTTP \(response.status)", retryAfterMilliseconds: Int64(wait))
        case .refuse where !isFine:
            let failure = QueryFailure(detail: "HTTP \(response.status)", isRefused: true)
            return QueryAnswer(outcome: .failure(failure))
        case .refuse, .reconnect:
            return isFine
                ? .body(response.body) : .failure("HTTP \(response.status)", retryAfterMilliseconds: nil)
        }
    }
}
