// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

extension FaultBoard {
    /// Sends a frame, or what a fault makes of it.
    func pass(
        _ stream: Stream,
        _ payload: UnsafeBufferPointer<UInt8>,
        _ mark: FrameMark,
        _ connection: Connection,
        publisher: Publisher
    ) {
        let now = md_monotonic_nanos().asInt
        let isDelta = stream.kind == "book" && !mark.isSnapshot
        let fault = armed.first {
            $0.kind.touchesFrames && $0.isLive(now) && $0.matches(stream)
                && ($0.connection == nil || $0.connection == connection.id)
                && (isDelta || !$0.kind.needsDelta)
                && ($0.kind != .revisedCandle || mark.isClosedCandle)
        }
        if delays(fault, HeldFrame(stream, connection, payload, mark), now: now) { return }
        guard let fault else {
            publisher.send(stream, payload, mark, connection)
            return release(stream, connection, publisher)
        }
        if ![.silenceStream, .reorder].contains(fault.kind) { note(fault, connection, stream, mark) }
        var changed = mark
        changed.fault = fault.kind.rawValue
        apply(
            fault,
            Passing(stream: stream, payload: payload, mark: mark, changed: changed, to: connection),
            publisher
        )
    }

    private func apply(_ fault: Fault, _ frame: Passing, _ publisher: Publisher) {
        let connection = frame.to
        switch fault.kind {
        case .silenceStream: fault.touched += 1
        case .droppedDelta, .droppedFrame:
            fault.use()
            exchange?.desks[frame.stream.venue]?.withheld(frame.stream, on: connection)
        case .reorder:
            if held.contains(where: { $0.stream === frame.stream && $0.connection === connection }) {
                fault.use()
                note(fault, connection, frame.stream)
                publisher.send(frame.stream, frame.payload, frame.changed, connection)
                release(frame.stream, connection, publisher)
            } else {
                held.append(HeldFrame(frame.stream, connection, frame.payload, frame.changed))
                refresh()
            }
        case .duplicate, .doubledDelta:
            fault.use()
            publisher.send(frame.stream, frame.payload, frame.mark, connection)
            publisher.send(frame.stream, frame.payload, frame.changed, connection)
        case .slowDrip:
            fault.use()
            let start = connection.queued
            publisher.send(frame.stream, frame.payload, frame.changed, connection)
            connection.drip(from: start, delay: fault.delay)
        case .truncatedJSON, .badNumber: spoil(fault, frame, publisher)
        case .revisedCandle:
            fault.use()
            publisher.send(frame.stream, frame.payload, frame.mark, connection)
            edited(fault, frame)?.withUnsafeBufferPointer {
                publisher.send(frame.stream, $0, frame.changed, connection)
            }
        case .truncatedFrame:
            fault.use()
            let before = connection.output.count
            publisher.send(frame.stream, frame.payload, frame.changed, connection)
            connection.output.truncate(to: before + (connection.output.count - before) * 2 / 3)
            connection.finish("truncated_frame")
        default:
            fault.use()
            guard let text = edited(fault, frame) else {
                return publisher.send(frame.stream, frame.payload, frame.mark, connection)
            }
            text.withUnsafeBufferPointer { publisher.send(frame.stream, $0, frame.changed, connection) }
        }
    }

    /// A damaged copy, then the frame as it is.
    private func spoil(_ fault: Fault, _ frame: Passing, _ publisher: Publisher) {
        fault.use()
        var copy = Array(frame.payload)
        if fault.kind == .badNumber {
            copy = FaultBoard.spoil(copy, with: fault.text ?? "NaN")
        } else {
            copy = Array(copy.prefix(copy.count * 2 / 3))
        }
        copy.withUnsafeBufferPointer { publisher.send(frame.stream, $0, frame.changed, frame.to) }
        publisher.send(frame.stream, frame.payload, frame.mark, frame.to)
    }

    private func edited(_ fault: Fault, _ frame: Passing) -> [UInt8]? {
        frame.stream.market.flatMap { market in
            FrameEdit(
                fault: fault,
                stream: frame.stream,
                market: market,
                desk: exchange?.desks[frame.stream.venue]
            )
            .text(of: frame.payload)
        }
    }

    // MARK: - Late frames

    /// Keeps a frame back where a fault delays it, or where an earlier one of its stream is still late.
    private func delays(_ fault: Fault?, _ frame: HeldFrame, now: Int) -> Bool {
        let delay = fault?.kind == .delayStream ? fault?.delay : nil
        let earlier = late.last { $0.stream === frame.stream && $0.connection === frame.connection }
        guard delay != nil || earlier != nil else { return false }
        if let fault, delay != nil { fault.use() }
        var frame = frame
        frame.due = max(now + (delay ?? 0), earlier?.due ?? 0)
        if delay != nil { frame.mark.fault = FaultKind.delayStream.rawValue }
        late.append(frame)
        refresh()
        return true
    }

    /// Sends the late frames whose time has come.
    func releaseLate(now: Int) {
        guard !late.isEmpty, let publisher = exchange?.publisher else { return }
        let due = late.filter { $0.due <= now }
        late.removeAll { $0.due <= now || !$0.connection.isOpen }
        for entry in due where entry.connection.takesFrames {
            entry.payload.withUnsafeBufferPointer {
                publisher.send(entry.stream, $0, entry.mark, entry.connection)
            }
        }
        refresh()
    }

    /// Sends what was held back for this stream and connection.
    private func release(_ stream: Stream, _ connection: Connection, _ publisher: Publisher) {
        guard !held.isEmpty else { return }
        for entry in held
        where entry.stream === stream && entry.connection === connection && connection.takesFrames {
            entry.payload.withUnsafeBufferPointer { publisher.send(stream, $0, entry.mark, connection) }
        }
        held.removeAll { $0.stream === stream && $0.connection === connection || !$0.connection.isOpen }
        refresh()
    }

    /// Puts `text` in place of the first price of a frame.
    static func spoil(_ payload: [UInt8], with text: String) -> [UInt8] {
        let strings = ["\"p\":\"", "\"px\":\"", "\"b\":\"", "\"asks\":[[\"", "\"price\":\"", "\"bid\":\""]
        let books = ["[[\"buy\",\"", "[[\"sell\",\"", "\"price_level\":\"", "\"open\":\""]
        for opening in strings + books + [
            "\"price\":", "\"ask\":", "\"bids\":[[", "\"asks\":[[", "\"open\":",
        ] {
            let wanted = Array(opening.utf8)
            guard payload.count > wanted.count else { continue }
            for start in 0..<(payload.count - wanted.count)
            where payload[start..<(start + wanted.count)].elementsEqual(wanted) {
                let value = start + wanted.count
                let marks: [UInt8] = opening.hasSuffix("\"") ? [34] : [44, 93, 125]
                let end = payload[value...].firstIndex(where: marks.contains) ?? payload.count
                return Array(payload[..<value]) + Array(text.utf8) + Array(payload[end...])
            }
        }
        return payload
    }
}

/// One frame on its way to one connection.
private struct Passing {
    var stream: Stream
    var payload: UnsafeBufferPointer<UInt8>
    var mark: FrameMark
    /// The mark that names the fault.
    var changed: FrameMark
    var to: Connection
}

/// A frame that waits for its time.
struct HeldFrame {
    var stream: Stream
    var connection: Connection
    var payload: [UInt8]
    var mark: FrameMark
    var due = 0

    init(_ stream: Stream, _ connection: Connection, _ payload: UnsafeBufferPointer<UInt8>, _ mark: FrameMark)
    {
        self.stream = stream
        self.connection = connection
        self.payload = Array(payload)
        self.mark = mark
    }
}
