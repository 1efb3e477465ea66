// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import VenueKit

extension OKXVenue {
    /// OKX answers most errors with HTTP 200 and a `code`; over the limit it may be 429 (venue sheet 5 and 8).
    public func verdict(status: Int, retryAfterSeconds: Int?, body: UnsafeRawBufferPointer) -> VenueVerdict {
        if status == 429 {
            return .retry(afterMilliseconds: retryAfterSeconds.map { max(1, min($0, 86_400)) * 1000 } ?? 2000)
        }
        if status >= 500 { return .retry(afterMilliseconds: 1000) }
        return OKXErrors.verdict(code: OKXErrors.code(in: body) ?? "")
    }
}

/// OKX's error codes.
enum OKXErrors {
    /// What an error code asks of us.
    static func verdict(code: String) -> VenueVerdict {
        switch code {
        case "50001", "50004", "50013", "50026", "63999": .retry(afterMilliseconds: 1000)
        case "50011", "50061", "60014": .retry(afterMilliseconds: 2000)
        case "64008": .reconnect
        default: .refuse
        }
    }

    /// The `code` of an answer, or nil.
    static func code(in body: UnsafeRawBufferPointer) -> String? {
        guard let scanner = JSONScanner(capacity: body.count), var cursor = try? scanner.scan(body) else {
            return nil
        }
        let name = JSONName("code")
        guard (try? cursor.enterObject()) != nil else { return nil }
        while let key = try? cursor.nextKey() {
            if key.matches(name) { return (try? cursor.token())?.string }
            guard (try? cursor.skip()) != nil else { return nil }
        }
        return nil
    }
}
