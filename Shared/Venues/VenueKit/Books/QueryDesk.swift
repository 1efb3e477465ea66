// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import REST

/// What became of a REST question.
enum QueryAnswer: Sendable {
    /// The body of an answer with status 200.
    case body([UInt8])
    /// Why there is none, and how long the venue wants to be left alone (in milliseconds), if it says so.
    case failure(String, retryAfterMilliseconds: Int64?)
}

/// Carries questions to the venue: REST in a service, an array in a test.
protocol QueryTransport: AnyObject {
    /// Asks; the answer comes to ``QueryDesk/arrived(_:_:)`` on the feed's thread.
    func fetch(_ token: Int, url: String)
}

/// The questions that are under way, and who wants the answers.
///
/// - Thread: that of the feed.
final class QueryDesk {
    private let transport: (any QueryTransport)?
    private var handlers: [Int: (QueryAnswer) -> Void] = [:]
    private var last = 0

    init(_ transport: (any QueryTransport)?) {
        self.transport = transport
    }

    /// Asks; false where there is nobody to ask.
    func ask(url: String, _ handler: @escaping (QueryAnswer) -> Void) -> Bool {
        guard let transport else { return false }
        last += 1
        handlers[last] = handler
        transport.fetch(last, url: url)
        return true
    }

    /// An answer is there.
    func arrived(_ token: Int, _ answer: QueryAnswer) {
        handlers.removeValue(forKey: token)?(answer)
    }
}

/// Questions by REST; answers are brought to the feed's thread as they are.
final class RESTQueryTransport: QueryTransport {
    private let client: RESTClient
    private let venue: any Venue
    private let deliver: @Sendable (Int, QueryAnswer) -> Void

    init(client: RESTClient, venue: any Venue, deliver: @escaping @Sendable (Int, QueryAnswer) -> Void) {
        self.client = client
        self.venue = venue
        self.deliver = deliver
    }

    func fetch(_ token: Int, url: String) {
        client.send(RESTRequest(url: url, totalTimeoutMilliseconds: 9_000)) { [venue, deliver] result in
            deliver(token, Self.answer(result, venue))
        }
    }

    private static func answer(_ result: Result<RESTResponse, RESTError>, _ venue: any Venue) -> QueryAnswer {
        switch result {
        case .failure(let error):
            return .failure(error.description, retryAfterMilliseconds: nil)
        case .success(let response) where response.status == 200:
            return .body(response.body)
        case .success(let response):
            let verdict = response.body.withUnsafeBytes { body in
                venue.verdict(
                    status: response.status,
                    retryAfterSeconds: response.retryAfterSeconds,
                    body: body
                )
            }
            guard case .retry(let wait) = verdict else {
                return .failure("HTTP \(response.status)", retryAfterMilliseconds: nil)
            }
            return .failure("HTTP \(response.status)", retryAfterMilliseconds: Int64(wait))
        }
    }
}
