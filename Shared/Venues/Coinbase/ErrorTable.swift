// Part of MarketBus. Apache License 2.0, see LICENSE.

import VenueKit

extension CoinbaseVenue {
    /// Coinbase answers errors with a status and `{"message"}`; no Retry-After is documented (venue sheet 5.3 and 8).
    public func verdict(status: Int, retryAfterSeconds: Int?, body: UnsafeRawBufferPointer) -> VenueVerdict {
        if status == 429 {
            return .retry(afterMilliseconds: retryAfterSeconds.map { max(1, min($0, 86_400)) * 1000 } ?? 1000)
        }
        return status >= 500 ? .retry(afterMilliseconds: 1000) : .refuse
    }
}

/// Coinbase's words for what went wrong on a socket.
enum CoinbaseErrors {
    /// What an `error` frame says of our streams.
    ///
    /// Exchange names the product (`BTC-XXX is not a valid product`), Advanced Trade does not.
    static func control(message: String, reason: String) -> ControlFrame {
        let text = reason.isEmpty ? message : reason
        if let product = subject(of: text, " is not a valid product") {
            return .streamRefused(
                venueSymbol: product,
                channelName: nil,
                code: "invalid_product",
                message: text
            )
        }
        let words = text.lowercased()
        let isBusy = words.contains("rate limit") || words.contains("too many")
        return .refused(
            request: nil,
            code: reason.isEmpty ? "error" : message,
            message: text,
            verdict: isBusy ? .retry(afterMilliseconds: 1000) : .refuse
        )
    }

    private static func subject(of text: String, _ predicate: String) -> String? {
        guard text.hasSuffix(predicate) else { return nil }
        let subject = text.dropLast(predicate.count)
        return subject.isEmpty || subject.contains(" ") ? nil : String(subject)
    }
}
