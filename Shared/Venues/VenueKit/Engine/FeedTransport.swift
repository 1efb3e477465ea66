// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Wire

/// Sockets as the engine sees them: a loop in a service, an array in a test.
///
/// - Thread: that of the feed.
protocol FeedTransport: AnyObject {
    /// Begins to open a socket; everything that fails later comes as a close.
    ///
    /// - Returns: why it can't even begin, or nil.
    func open(_ url: String, isPinged: Bool, _ limits: SessionSettings, for link: FeedLink) -> String?
    /// Sends a text; false when the socket does not take it.
    func send(_ text: String, on link: FeedLink) -> Bool
    /// Closes a socket, or gives the attempt up.
    func close(_ link: FeedLink, code: UInt16)
}

/// Where records go, and who is asked a few times a second to send what waited and to report what was lost.
///
/// - Thread: that of the feed.
public protocol FeedOutput: RecordSink {
    /// Whether records travel, so that nothing has to be conflated from the start; false until the first answer of a
    /// broker, later of no interest.
    var isReady: Bool { get }
    /// Sends what waits for the broker's return, and reports the lost ranges that are known by now.
    func serviceHeldRecords()
}

/// Receives loss reports for the engine that does not exist yet when the producer is made.
///
/// - Thread: that of the feed.
public final class LossRelay {
    var receiver: ((LossReport) -> Void)?
    /// Reports that came before or after the engine's life.
    public private(set) var missed: UInt64 = 0

    /// Makes a relay without a receiver.
    public init() {}

    /// Hands a report on.
    public func report(_ loss: LossReport) {
        if let receiver { receiver(loss) } else { missed += loss.lastSeq &- loss.firstSeq &+ 1 }
    }
}
