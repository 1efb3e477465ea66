// Part of MarketBus. Apache License 2.0, see LICENSE.

import Secrets

/// What a configuration says to one venue, below `venues.<id>.`; every name that is asked for becomes a key.
public protocol VenueOptions {
    /// One of some words.
    func choice(_ name: String, default standard: String, among words: [String], help: String) -> String
    /// A text; nil where nobody gave one.
    func text(_ name: String, help: String) -> String?
    /// The content of the file that `<name>_file` names, or of the key's environment variable; nil where there is none.
    func secret(_ name: String, help: String) -> Secret?
    /// Notes what is wrong with a value, and the mend.
    func note(_ name: String, _ what: String, _ mend: String)
    /// The time of day, for what a venue wants signed with it.
    ///
    /// - Unit: microseconds since the Unix epoch.
    var now: @Sendable () -> Int64 { get }
}
