// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import REST

/// Instruments by REST: answers are read on the client's thread, so that a long list does not delay frames.
final class RESTInstrumentSource: InstrumentSource {
    typealias Answer = Result<[Instrument], InstrumentsFailure>

    private let client: RESTClient
    private let venue: any Venue
    private let deliver: @Sendable (Int, Answer) -> Void
    private let onBody: (@Sendable (_ url: String, _ body: [UInt8]) -> Void)?

    /// Makes a source; `deliver` brings an answer to the feed's thread, `onBody` is told of every body.
    init(
        client: RESTClient,
        venue: any Venue,
        onBody: (@Sendable (_ url: String, _ body: [UInt8]) -> Void)? = nil,
        deliver: @escaping @Sendable (Int, Answer) -> Void
    ) {
        self.onBody = onBody
        self.client = client
        self.venue = venue
        self.deliver = deliver
    }

    func fetch(_ call: VenueCall, _ place: Int, url: String) {
        let request = RESTRequest(url: url, totalTimeoutMilliseconds: 30_000)
        client.send(request) { [venue, deliver, onBody] result in
            if let onBody, case .success(let response) = result { onBody(url, Array(response.body)) }
            deliver(place, Self.read(result, call, venue))
        }
    }

    private static func read(
        _ result: Result<RESTResponse, RESTError>,
        _ call: VenueCall,
        _ venue: any Venue
    ) -> Answer {
        switch result {
        case .failure(let error):
            return .failure(InstrumentsFailure(detail: error.description))
        case .success(let response) where response.status == 200:
            return parse(response, call, venue)
        case .success(let response):
            let verdict = response.body.withUnsafeBytes { body in
                venue.verdict(
                    status: response.status,
                    retryAfterSeconds: response.retryAfterSeconds,
                    body: body
                )
            }
            var failure = InstrumentsFailure(detail: "HTTP \(response.status)")
            if case .retry(let milliseconds) = verdict {
                failure.retryAfterMilliseconds = Int64(milliseconds)
            }
            return .failure(failure)
        }
    }

    /// An empty list is no instrument at all, or an error that the venue sends with HTTP 200.
    private static func empty(_ body: UnsafeRawBufferPointer, _ venue: any Venue) -> InstrumentsFailure {
        var failure = InstrumentsFailure(detail: "the answer lists no instrument")
        if case .retry(let wait) = venue.verdict(status: 200, retryAfterSeconds: nil, body: body) {
            failure.retryAfterMilliseconds = Int64(wait)
        } else {
            failure.isEmpty = true
        }
        return failure
    }

    private static func parse(_ response: RESTResponse, _ call: VenueCall, _ venue: any Venue) -> Answer {
        response.body.withUnsafeBytes { body -> Answer in
            do throws(DecodeError) {
                let instruments = try venue.instruments(from: body, market: call.market)
                guard !instruments.isEmpty else {
                    return .failure(empty(body, venue))
                }
                return .success(instruments)
            } catch {
                return .failure(InstrumentsFailure(detail: "the answer can't be read: \(error.detail)"))
            }
        }
    }
}
