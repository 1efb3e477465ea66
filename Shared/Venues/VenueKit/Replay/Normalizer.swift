// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Lifecycle
import Models
import Wire

/// Raw frames and recorded sessions to the records that the feed would publish, offline and without a clock.
///
/// A line is a frame, or a line of a session with any number of connections. Times come from the session
/// (`received_us` cut from `recv_ns`, `published_us` equal to it) and are 0 for plain frames. A connection's `open`
/// line begins a new epoch for its streams; one that `follows` another takes them over as in the feed, until the other's
/// `end`.
///
/// - Thread: one at a time.
public final class Normalizer {
    private let venue: any Venue
    private let feed: String
    private let market: MarketID?
    private let sink: any RecordSink
    private let instruments = InstrumentTable()
    private let pipeline: StreamPipeline
    private let scanner = JSONScanner()
    private var buffer = UnescapeBuffer()
    private var batch = EventBatch()
    private var writer = JSONWriter()
    private let bookEpochs = BookEpochs()
    private var connections: [String: RecordedConnection] = [:]
    private var current: RecordedConnection?
    /// Frames from which no event is made, by kind.
    public private(set) var ignored: [String: Int] = [:]
    /// Lines that could not be decoded.
    public private(set) var deadLetters = 0

    /// Makes a normalizer.
    ///
    /// - Parameters:
    ///   - venue: whose frames come.
    ///   - feed: the instance name that records carry.
    ///   - market: the market of plain frames and of connections that don't show theirs; nil: frames must tell.
    ///   - sink: where records go.
    public init(venue: any Venue, feed: String, market: MarketID?, sink: any RecordSink) {
        self.venue = venue
        self.feed = feed
        self.market = market
        self.sink = sink
        pipeline = StreamPipeline(feed: feed, instruments: instruments, sink: sink)
        pipeline.delegate = self
    }

    /// Loads the instruments of one line of the `rest` form, or of a bare answer.
    ///
    /// - Parameters:
    ///   - line: the line's bytes.
    ///   - publishes: whether `ref.instrument` records are made of them.
    /// - Returns: how many instruments it held; 0 for answers that are no instrument list.
    /// - Throws: ``DecodeError`` for a list that can't be read.
    public func loadInstruments(line: UnsafeRawBufferPointer, publishes: Bool) throws(DecodeError) -> Int {
        guard let answer = RecordedAnswer(line) else { return 0 }
        if let url = answer.url, !venue.isInstrumentList(url: url) { return 0 }
        let body = answer.isEscaped ? buffer.unescape(answer.body).bytes : answer.body.bytes
        defer { withExtendedLifetime(answer) {} }
        return try load(body, answer.url, received: 0, publishes: publishes, isCertain: answer.url != nil)
    }

    private func load(
        _ body: UnsafeRawBufferPointer,
        _ url: String?,
        received: Int64,
        publishes: Bool,
        isCertain: Bool
    ) throws(DecodeError) -> Int {
        let found: [Instrument]
        do throws(DecodeError) {
            found = try venue.instruments(from: body, market: url.flatMap(venue.market(shownBy:)) ?? market)
        } catch {
            if isCertain { throw error }
            return 0
        }
        for instrument in found {
            instruments.upsert(instrument)
            if publishes { send(InstrumentRecord(instrument, feed: feed, publishedMicroseconds: received)) }
        }
        return found.count
    }

    /// Takes one line: a frame or a session line.
    ///
    /// - Parameters:
    ///   - bytes: the line without its end.
    ///   - readable: how many bytes from its start may be read.
    public func take(line bytes: UnsafeRawBufferPointer, readable: Int) {
        guard bytes.count > 0 else { return }
        if let scanner, let line = SessionLine(bytes, readable: readable, scanner: scanner) {
            take(line)
        } else {
            let connection = connection(named: "", epoch: 0)
            decode(FrameBytes(bytes, readable: readable), connection, received: 0)
        }
    }

    private func take(_ line: SessionLine) {
        let received = line.receivedNanoseconds / 1000
        let name = line.connection.string
        switch line.direction {
        case .open:
            open(name, url: line.url?.string, follows: line.follows?.string, epoch: received)
        case .end:
            end(name)
        case .incoming:
            guard let message = line.message else { return }
            decode(buffer.unescape(message), connection(named: name, epoch: received), received: received)
        case .http:
            guard let message = line.message else { return }
            answer(buffer.unescape(message).bytes, line.url?.string, name, received)
        case .outgoing:
            return
        }
    }

    /// A REST answer: instruments, or the snapshot of a book.
    private func answer(_ body: UnsafeRawBufferPointer, _ url: String?, _ name: String, _ received: Int64) {
        do throws(DecodeError) {
            if let url, venue.isInstrumentList(url: url) {
                _ = try load(body, url, received: received, publishes: true, isCertain: true)
                return
            }
            let connection = connection(named: name, epoch: received)
            guard let book = connection.book(shownBy: url, venue, instruments) else {
                ignored["http", default: 0] += 1
                return
            }
            batch.removeAll()
            current = connection
            let depth = url.flatMap(RecordedAnswer.limit(shownBy:)) ?? 0
            try venue.read(body, answering: .book(depth: depth), of: book, instruments, into: &batch)
            connection.take(batch, received)
        } catch {
            letter(body, error, name, received)
        }
    }

    private func open(_ name: String, url: String?, follows followed: String?, epoch: Int64) {
        for slot in connections[name]?.slots ?? [] { pipeline.abandon(slot) }
        let old = followed.flatMap { connections[$0] }
        let connection = make(name, url: url, epoch: epoch, books: old?.books)
        connection.decoder.connectionOpened()
        connections[name] = connection
        guard let old else { return }
        let gate = HandOverGate(pipeline, standing: old.books.standing)
        old.passage = RecordedConnection.Passage(gate: gate, side: .old, other: name)
        connection.passage = RecordedConnection.Passage(gate: gate, side: .new, other: old.name)
    }

    /// A connection is there no more: its streams are those of the other one of its hand-over, or are lost.
    private func end(_ name: String) {
        guard let ended = connections.removeValue(forKey: name) else { return }
        guard let passage = ended.passage, let other = connections[passage.other] else {
            for slot in ended.slots { pipeline.abandon(slot) }
            return
        }
        other.slots += ended.slots
        // The old one may still tell what the new one has told.
        if passage.side == .new { passage.gate.takeBack() } else { other.passage = nil }
    }

    private func connection(named name: String, epoch: Int64) -> RecordedConnection {
        if let known = connections[name] { return known }
        let made = make(name, url: nil, epoch: epoch)
        connections[name] = made
        return made
    }

    private func make(
        _ name: String,
        url: String?,
        epoch: Int64,
        books: RecordedBooks? = nil
    ) -> RecordedConnection {
        let shown = url.flatMap(venue.market(shownBy:)) ?? venue.market(shownBy: name)
        let decoder = venue.makeDecoder(market: shown ?? market, instruments: instruments)
        return RecordedConnection(
            name: name,
            epoch: epoch,
            market: shown ?? market,
            decoder: decoder,
            books: books
                ?? RecordedBooks { [venue, instruments, pipeline, bookEpochs] in
                    BookKeeper(
                        venue: venue,
                        instruments: instruments,
                        pipeline: pipeline,
                        epochs: bookEpochs
                    )
                }
        )
    }

    private func decode(_ frame: FrameBytes, _ connection: RecordedConnection, received: Int64) {
        batch.removeAll()
        current = connection
        do throws(DecodeError) {
            switch try connection.decoder.decode(frame, into: &batch) {
            case .events:
                if let passage = connection.passage {
                    let now = MonotonicNanos(received &* 1000)
                    batch = passage.gate.admitted(batch, from: passage.side, now)
                }
                pipeline.publish(batch, epoch: connection.epoch, received: received, published: received)
                if batch.hasMore {
                    connection.take(batch, received)
                }
            case .ignored(let kind):
                ignored[kind.description, default: 0] += 1
            case .control(let control):
                ignored["control", default: 0] += 1
                if case .framesMissing = control { connection.framesMissing(received) }
            }
        } catch {
            letter(frame.bytes, error, connection.name, received)
            guard let book = batch.bookAtRisk, connection.passage?.owns(book) != false else { return }
            connection.keeper(batch.bookChannel).undecodable(
                book,
                epoch: connection.epoch,
                received: received,
                published: 0
            )
        }
    }

    private func letter(
        _ frame: UnsafeRawBufferPointer,
        _ error: DecodeError,
        _ connection: String,
        _ received: Int64
    ) {
        deadLetters += 1
        send(
            DeadLetterRecord(
                source: connection.isEmpty ? feed : "\(feed)/\(connection)",
                venue: type(of: venue).id.name,
                feed: feed,
                atMicroseconds: received,
                reason: error.reason,
                detail: error.detail,
                connection: connection,
                frame: frame
            )
        )
    }

    private func send<Record: WireRecord>(_ record: Record) {
        writer.clear()
        record.encode(into: &writer)
        let value = writer.bytes
        var key = record.key
        var header = record.venueHeader ?? ""
        key.withUTF8 { key in
            header.withUTF8 { header in
                let outbound = OutboundRecord(
                    topic: Record.topic,
                    stream: .none,
                    seq: 0,
                    key: UnsafeRawBufferPointer(key),
                    value: value,
                    venue: UnsafeRawBufferPointer(header),
                    timestampMilliseconds: record.timestampMilliseconds
                )
                _ = sink.send(outbound)
            }
        }
    }
}

extension Normalizer: StreamPipelineDelegate {
    /// Notes that the stream belongs to the connection whose frame is being decoded.
    public func streamDidBegin(_ slot: StreamSlot) {
        current?.slots.append(slot)
    }
}
