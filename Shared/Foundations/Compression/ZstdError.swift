// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Why a zstd stream could not be written or read.
public enum ZstdError: Error, Hashable, Sendable {
    /// The bytes are not zstd, or a checksum is wrong.
    case damaged
    /// The stream ends inside a frame; what was read up to here is right.
    case truncated
    /// A frame asks for a larger window than the reader was told to hold.
    case windowTooLarge
    /// Memory is short, or the library refused to go on.
    case failed
    /// An earlier call threw; bytes are missing, so nothing can follow.
    case spent
}
