// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Wire

/// Takes the lines of a capture; a file in a service, an array in a test.
public protocol CaptureSink: AnyObject {
    /// Takes a line without its end; it is copied before the call returns.
    func append(_ line: UnsafeRawBufferPointer)
}

/// Everything that a feed reads and says, as lines of a recorded session.
///
/// The same lines go through ``Normalizer`` later and give the records that the feed published.
///
/// - Thread: that of the feed. Allocates: never in steady state.
public final class FrameTape {
    private let sink: any CaptureSink
    private var writer = JSONWriter(capacity: 1 << 16)

    /// A tape onto a sink.
    public init(_ sink: any CaptureSink) {
        self.sink = sink
    }

    /// A connection is being made, perhaps to take another one's streams over.
    func opened(_ connection: String, url: String, follows old: String?, at time: WallNanos) {
        begin(connection, "open", time)
        writer.literal(",\"url\":")
        writer.string(url)
        if let old {
            writer.literal(",\"follows\":")
            writer.string(old)
        }
        end()
    }

    /// A connection of a hand-over is there no more: its streams are the other one's.
    func ended(_ connection: String, at time: WallNanos) {
        begin(connection, "end", time)
        end()
    }

    /// A frame came in; compressed ones are taped as their text.
    func received(_ connection: String, _ frame: UnsafeRawBufferPointer, at time: WallNanos) {
        begin(connection, "in", time)
        writer.literal(",\"msg\":")
        writer.string(bytes: frame)
        end()
    }

    /// A frame went out.
    func sent(_ connection: String, _ text: String, at time: WallNanos) {
        begin(connection, "out", time)
        writer.literal(",\"msg\":")
        writer.string(text)
        end()
    }

    /// A REST answer came.
    func answered(_ connection: String, url: String, _ body: UnsafeRawBufferPointer, at time: WallNanos) {
        begin(connection, "http", time)
        writer.literal(",\"url\":")
        writer.string(url)
        writer.literal(",\"msg\":")
        writer.string(bytes: body)
        end()
    }

    private func begin(_ connection: String, _ direction: StaticString, _ time: WallNanos) {
        writer.clear()
        writer.literal("{\"recv_ns\":")
        writer.integer(time.value)
        writer.literal(",\"conn\":")
        writer.string(connection)
        writer.literal(",\"dir\":\"")
        writer.literal(direction)
        writer.literal("\"")
    }

    private func end() {
        writer.literal("}")
        sink.append(writer.bytes)
    }
}
