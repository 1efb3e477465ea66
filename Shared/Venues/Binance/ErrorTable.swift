// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import VenueKit

extension BinanceVenue {
    /// 429 and 418 name their time in `Retry-After`; 5xx pass; other 4xx are our mistake (venue sheet 5 and 10).
    public func verdict(status: Int, retryAfterSeconds: Int?, body: UnsafeRawBufferPointer) -> VenueVerdict {
        let asked = retryAfterSeconds.map { max(1, min($0, 3 * 86_400)) * 1000 }
        switch status {
        case 418: return .retry(afterMilliseconds: asked ?? 120_000)
        case 429: return .retry(afterMilliseconds: asked ?? 10_000)
        case 403: return .retry(afterMilliseconds: asked ?? 60_000)
        case 500...: return .retry(afterMilliseconds: asked ?? 1000)
        default: return BinanceErrors.verdict(code: BinanceErrors.code(in: body))
        }
    }
}

/// Binance's error codes (venue sheet 2 for sockets, 10 for REST).
enum BinanceErrors {
    /// What an error code asks of us.
    static func verdict(code: Int64?) -> VenueVerdict {
        switch code {
        case -1001, -1007, -1008: .retry(afterMilliseconds: 1000)
        case -1003, -1015: .retry(afterMilliseconds: 10_000)
        default: .refuse
        }
    }

    /// The `code` of an error body, or nil.
    static func code(in body: UnsafeRawBufferPointer) -> Int64? {
        guard let scanner = JSONScanner(capacity: body.count), var cursor = try? scanner.scan(body) else {
            return nil
        }
        let name = JSONName("code")
        guard (try? cursor.enterObject()) != nil else { return nil }
        while let key = try? cursor.nextKey() {
            if key.matches(name) { return try? cursor.integer() }
            guard (try? cursor.skip()) != nil else { return nil }
        }
        return nil
    }
}
