// Part of MarketBus. Apache License 2.0, see LICENSE.

import VenueKit

extension GatewayVenue {
    /// 4xx answers will not become better; 429 and 5xx do (protocol, "REST").
    public func verdict(status: Int, retryAfterSeconds: Int?, body: UnsafeRawBufferPointer) -> VenueVerdict {
        if status == 429 {
            return .retry(afterMilliseconds: retryAfterSeconds.map { max(1, min($0, 86_400)) * 1000 } ?? 1000)
        }
        return status >= 500 ? .retry(afterMilliseconds: 1000) : .refuse
    }
}

/// The gateway's error codes (protocol, "ERROR").
enum GatewayErrors {
    /// What an `ERROR` asks of us.
    static func control(_ error: GatewayMessage) -> ControlFrame {
        let code = error.code?.string ?? ""
        let message = error.text?.string ?? ""
        if error.isFatal { return .dismissed(code: code, message: message, verdict: fatal(code)) }
        if let symbol = error.symbol {
            return .streamRefused(
                venueSymbol: symbol.string,
                channelName: nil,
                code: code,
                message: message
            )
        }
        return .refused(request: error.request?.integer, code: code, message: message, verdict: .refuse)
    }

    /// When another connection may follow one that ended so.
    static func fatal(_ code: String) -> VenueVerdict {
        switch code {
        case "BAD_TOKEN", "UNKNOWN_MARKET_TYPE": .refuse
        case "RATE_LIMITED": .retry(afterMilliseconds: 1000)
        default: .reconnect
        }
    }
}
