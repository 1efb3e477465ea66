// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

/// The venue's names of instruments.
enum __NAME__Symbols {
    /// The instrument that a name gives, or nil where it gives none; the instrument list knows better.
    static func infer(_ name: String) -> Instrument? {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts.allSatisfy(isPlain) else { return nil }
        return Instrument(
            venue: __NAME__Venue.id,
            market: .__name__Spot,
            venueSymbol: name,
            kind: .spot,
            base: parts[0],
            quote: parts[1],
            settle: parts[1]
        )
    }

    private static func isPlain(_ part: String) -> Bool {
        !part.isEmpty && part.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
    }
}
