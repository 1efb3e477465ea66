// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// Hands a stream's frames to its listeners, through the faults in force.
final class Publisher {
    let log: SentLog
    let faults: FaultBoard
    var desks: [Venue: VenueDesk] = [:]
    private(set) var frames = 0
    /// Nanoseconds of the log; read once a turn.
    var wall = md_wall_nanos().asInt
    /// By how much the venues' clocks are ahead.
    var clockOffset = 0

    init(log: SentLog, faults: FaultBoard) {
        self.log = log
        self.faults = faults
    }

    /// The venues' clocks.
    var milliseconds: Int { wall / 1_000_000 + clockOffset }

    /// Sends one payload to everybody who listens to the stream.
    func deliver(_ stream: Stream, _ payload: UnsafeBufferPointer<UInt8>, _ mark: FrameMark) {
        for connection in stream.subscribers where connection.takesFrames {
            deliver(stream, payload, mark, to: connection)
        }
    }

    /// Sends one payload to one connection.
    func deliver(
        _ stream: Stream,
        _ payload: UnsafeBufferPointer<UInt8>,
        _ mark: FrameMark,
        to connection: Connection
    ) {
        guard !faults.touchesFrames else {
            return faults.pass(stream, payload, mark, connection, publisher: self)
        }
        send(stream, payload, mark, connection)
    }

    /// Queues the frame and writes the log.
    func send(
        _ stream: Stream,
        _ payload: UnsafeBufferPointer<UInt8>,
        _ mark: FrameMark,
        _ connection: Connection
    ) {
        desks[stream.venue]?.put(payload, of: stream, on: connection)
        connection.session.lastSent = md_monotonic_nanos().asInt
        frames += 1
        stream.frames += 1
        if stream.firstID == 0 { stream.firstID = mark.id }
        stream.lastID = mark.id
        log.sent(connection, stream, payload, mark, wall: wall)
    }
}
