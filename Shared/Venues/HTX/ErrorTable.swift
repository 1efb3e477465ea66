// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import VenueKit

extension HTXVenue {
    /// HTX answers errors with HTTP 200 and `err-code`, or `err_code` on contracts (venue sheet 6 and 9).
    public func verdict(status: Int, retryAfterSeconds: Int?, body: UnsafeRawBufferPointer) -> VenueVerdict {
        if status == 429 {
            return .retry(afterMilliseconds: retryAfterSeconds.map { max(1, min($0, 86_400)) * 1000 } ?? 2000)
        }
        if status >= 500 { return .retry(afterMilliseconds: 1000) }
        return HTXErrors.verdict(code: HTXErrors.code(in: body) ?? "")
    }
}

/// HTX's error codes, the words of spot and the numbers of contracts.
enum HTXErrors {
    /// What an error code asks of us.
    static func verdict(code: String) -> VenueVerdict {
        switch code {
        // Busy, or to be tried again.
        case "gateway-internal-error", "system-busy", "500", "1000", "1001", "1004", "1030":
            .retry(afterMilliseconds: 1000)
        case "too-many-request", "429", "1032", "4000": .retry(afterMilliseconds: 2000)
        default: .refuse
        }
    }

    /// The code of an answer that is an error, or nil.
    static func code(in body: UnsafeRawBufferPointer) -> String? {
        guard let scanner = JSONScanner(capacity: body.count), var cursor = try? scanner.scan(body) else {
            return nil
        }
        let names = (dashed: JSONName("err-code"), underscored: JSONName("err_code"))
        guard (try? cursor.enterObject()) != nil else { return nil }
        while let key = try? cursor.nextKey() {
            if key.matches(names.dashed) || key.matches(names.underscored) {
                return (try? cursor.token())?.string
            }
            guard (try? cursor.skip()) != nil else { return nil }
        }
        return nil
    }
}
