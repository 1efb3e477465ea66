// Part of MarketBus. Apache License 2.0, see LICENSE.

import VenueKit

extension __NAME__Venue {
    /// Too many requests and the venue's own trouble pass; everything else is our mistake.
    public func verdict(status: Int, retryAfterSeconds: Int?, body: UnsafeRawBufferPointer) -> VenueVerdict {
        if status == 429 {
            return .retry(afterMilliseconds: retryAfterSeconds.map { max(1, min($0, 86_400)) * 1000 } ?? 1000)
        }
        return status >= 500 ? .retry(afterMilliseconds: 1000) : .refuse
    }
}
