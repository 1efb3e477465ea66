// Part of MarketBus. Apache License 2.0, see LICENSE.

import Wire

/// Where kept records go when the memory for waiting records is full: the place of the disk spool.
///
/// Once a spool holds a record, every later kept record goes behind it, so that the order stays.
///
/// - Thread: the sender's.
public protocol RecordSpool: AnyObject {
    /// Whether nothing waits.
    var isEmpty: Bool { get }
    /// Takes a copy of the record, or returns false when its configured size is reached.
    func append(_ record: OutboundRecord) -> Bool
    /// Offers the waiting records, oldest first, until one is refused; what was accepted is forgotten.
    func drain(_ accept: (OutboundRecord) -> Bool)
}

/// What happens to kept records past the configured memory.
public enum OverflowPolicy {
    /// They are lost, counted and announced.
    case lose
    /// They wait in a spool.
    case spool(any RecordSpool)
}
