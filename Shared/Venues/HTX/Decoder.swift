// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

/// HTX's frames to events (venue sheet 2 to 5).
///
/// A frame with `ch` is a push, one with `rep` the answer to a request, one with `op` belongs to the sockets for
/// notifications; all others are control. `tick` and `data` are read at the end, when the channel is known, wherever
/// they stand in the frame.
final class HTXDecoder: FrameDecoder {
    let instruments: InstrumentTable
    let names = HTXNames()
    private let scanner = JSONScanner()
    private let kinds = HTXKinds()
    private let spot: SymbolIndex
    private let linear: SymbolIndex
    private let inverse: SymbolIndex
    private let futures: SymbolIndex

    init(instruments: InstrumentTable) {
        self.instruments = instruments
        spot = instruments.index(of: .htxSpot)
        linear = instruments.index(of: .htxLinear)
        inverse = instruments.index(of: .htxInverse)
        futures = instruments.index(of: .htxFutures)
    }

    func decode(_ frame: FrameBytes, into batch: inout EventBatch) throws(DecodeError) -> FrameOutcome {
        let envelope: HTXEnvelope
        let reader: FieldReader
        do throws(JSONError) {
            guard let scanner else { throw .tooLong }
            var cursor = try scanner.scan(frame.bytes, readable: frame.readable)
            reader = FieldReader(cursor)
            envelope = try HTXEnvelope(&cursor, names)
        } catch {
            throw DecodeError(error)
        }
        if envelope.isGenerated { return .ignored("generated") }
        let context = HTXContext(time: envelope.time, isUpdate: envelope.isUpdate, reader: reader)
        if let channel = envelope.channel, envelope.action == nil {
            return try push(channel, envelope, context, &batch)
        }
        if envelope.op != nil { return try operation(envelope, context, &batch) }
        if let answer = envelope.answer { return try reply(answer, envelope, context, &batch) }
        return try control(envelope)
    }

    private func push(
        _ channel: JSONText,
        _ envelope: HTXEnvelope,
        _ context: HTXContext,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> FrameOutcome {
        guard let topic = HTXTopic(channel, prefix: "market.") else { return .ignored("private") }
        guard let kind = kinds.market(topic) else { return .ignored("channel") }
        if case .allTickers = kind { return try allTickers(envelope, context, &batch) }
        // Answers to REST calls look like pushes but for their status, or for rows where a push has one tick.
        if envelope.status != nil { return .ignored("answer") }
        guard var tick = envelope.tick else {
            if envelope.data != nil { return .ignored("answer") }
            throw .missingField("tick")
        }
        switch kind {
        case .trade: try trades(&tick, topic.owner, context, &batch)
        case .quote: try quote(&tick, topic.owner, context, &batch)
        case .candle(let interval): try candle(&tick, interval, topic.owner, context, &batch)
        case .ticker: try ticker(&tick, topic.owner, context, &batch)
        case .mark: try mark(&tick, topic.owner, context, &batch)
        case .index: try index(&tick, topic.owner, context, &batch)
        case .numbered, .versioned, .whole:
            try book(&tick, kind, topic.owner, context, &batch)
        case .funding, .liquidation, .allTickers: return .ignored("channel")
        }
        return .events
    }

    /// The answer to a request on the socket; only those for a book's snapshot are of use.
    private func reply(
        _ answer: JSONText,
        _ envelope: HTXEnvelope,
        _ context: HTXContext,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> FrameOutcome {
        guard let topic = HTXTopic(answer, prefix: "market."), let kind = kinds.market(topic),
            case .numbered = kind
        else { return .ignored("answer") }
        if envelope.errorCode != nil { return HTXControl.outcome(envelope) ?? .ignored("answer") }
        guard var data = envelope.data, !data.skipNull() else { return .ignored("no snapshot yet") }
        // A snapshot names no instrument of its own.
        let id = try instrument(topic.owner)
        try book(&data, kind, id, context, isAnswer: true, &batch)
        return .events
    }

    private func operation(
        _ envelope: HTXEnvelope,
        _ context: HTXContext,
        _ batch: inout EventBatch
    ) throws(DecodeError) -> FrameOutcome {
        guard envelope.op?.string == "notify" else { return HTXControl.operation(envelope) }
        guard let text = envelope.topic else { throw .missingField("topic") }
        guard let topic = HTXTopic(text, prefix: "public."), let kind = kinds.notification(topic) else {
            return .ignored("notification")
        }
        guard var data = envelope.data else { throw .missingField("data") }
        var rows = 0
        do throws(JSONError) { try data.enterArray() } catch { throw DecodeError(error) }
        while try hasElement(&data) {
            let row: HTXNotice
            do throws(JSONError) { row = try HTXNotice(&data, names) } catch { throw DecodeError(error) }
            if case .funding = kind {
                try funding(row, context, &batch)
            } else {
                try liquidation(row, context, &batch)
            }
            rows &+= 1
        }
        return rows == 0 ? .ignored("nothing new") : .events
    }

    private func control(_ envelope: HTXEnvelope) throws(DecodeError) -> FrameOutcome {
        if let outcome = HTXControl.outcome(envelope) { return outcome }
        if let action = envelope.action?.string { return try spotAction(action, envelope) }
        throw .unknownFrame
    }

    /// The third dialect: spot's private socket.
    private func spotAction(_ action: String, _ envelope: HTXEnvelope) throws(DecodeError) -> FrameOutcome {
        guard action == "ping", var data = envelope.data else { return .ignored("private") }
        do throws(JSONError) {
            try data.enterObject()
            while let key = try data.nextKey() {
                if key.word == names.time.packed, let time = try data.token() {
                    return .control(
                        .ping(reply: "{\"action\":\"pong\",\"data\":{\"ts\":\(time.string)}}")
                    )
                }
                try data.skip()
            }
        } catch {
            throw DecodeError(error)
        }
        throw .missingField("ts")
    }

    // MARK: Instruments

    /// The instrument of a frame: what the data names wins over what the channel names (EVENTS ruling 5).
    func instrument(
        _ owner: JSONText,
        symbol: JSONText?,
        channel: JSONText?
    ) throws(DecodeError) -> InstrumentID {
        if let symbol, symbol.count > 0 { return try instrument(symbol) }
        if let channel, let inner = HTXTopic(channel, prefix: "market.") {
            return try instrument(inner.owner)
        }
        return try instrument(owner)
    }

    /// The instrument of a name, or of an alias that the instrument list explains.
    func instrument(_ name: JSONText) throws(DecodeError) -> InstrumentID {
        guard name.count > 0 else { throw .unknownInstrument }
        let first = name.start[0]
        let isSmall = first >= UInt8(ascii: "a") && first <= UInt8(ascii: "z")
        if isSmall, let known = spot.find(name.start, count: name.count) { return known }
        if let known = linear.find(name.start, count: name.count) { return known }
        if let known = inverse.find(name.start, count: name.count) { return known }
        if let known = futures.find(name.start, count: name.count) { return known }
        if !isSmall, let known = spot.find(name.start, count: name.count) { return known }
        guard let inferred = HTXSymbols.infer(name.string) else { throw .unknownInstrument }
        return instruments.upsert(inferred)
    }

    func hasElement(_ cursor: inout JSONCursor) throws(DecodeError) -> Bool {
        do throws(JSONError) { return try cursor.nextElement() } catch { throw DecodeError(error) }
    }
}

/// What the readers of a frame's parts need to know of the whole.
struct HTXContext {
    /// When it was sent.
    let time: JSONText?
    /// Whether it says that it is an increment.
    let isUpdate: Bool
    let reader: FieldReader

    /// When it was sent, as events say it.
    func sent() throws(DecodeError) -> Int64 { try reader.time(time, "ts") }

    /// The engine's time, or where there is none the sending time (EVENTS ruling 1).
    func engine(_ text: JSONText?) throws(DecodeError) -> Int64 {
        try text == nil ? sent() : reader.time(text, "ts")
    }
}

/// What HTX says about a connection or a topic.
enum HTXControl {
    /// Pings, acknowledgements and errors of the market sockets, and answers that are nobody's push; nil for others.
    static func outcome(_ envelope: HTXEnvelope) -> FrameOutcome? {
        if let ping = envelope.ping {
            return .control(.ping(reply: "{\"pong\":\(ping.string)}"))
        }
        if let subbed = envelope.subbed { return acknowledged(subbed, envelope, isEnd: false) }
        if let unsubbed = envelope.unsubbed { return acknowledged(unsubbed, envelope, isEnd: true) }
        if envelope.errorCode != nil { return refused(envelope) }
        if envelope.status != nil { return .ignored("answer") }
        return nil
    }

    /// The dialect of the sockets for notifications.
    static func operation(_ envelope: HTXEnvelope) -> FrameOutcome {
        let operation = envelope.op?.string ?? ""
        let code = envelope.errorCode?.string ?? "0"
        switch operation {
        case "ping":
            let time = envelope.spelledTime.map { ",\"ts\":\(String(decoding: $0.bytes, as: UTF8.self))" }
            return .control(.ping(reply: "{\"op\":\"pong\"\(time ?? "")}"))
        case "sub", "unsub":
            guard code == "0" else { return refused(envelope) }
            guard let topic = envelope.topic else { return .control(.information(operation)) }
            return acknowledged(topic, envelope, isEnd: operation == "unsub")
        case "close":
            return .control(.closingSoon(reason: "close"))
        case "error":
            return refused(envelope)
        default:
            return .control(.information(operation))
        }
    }

    private static func acknowledged(
        _ text: JSONText,
        _ envelope: HTXEnvelope,
        isEnd: Bool
    ) -> FrameOutcome {
        // A coin's topic stands for several contracts; the id is that of the frame that asked for it.
        if !isEnd, let request = envelope.id?.integer { return .control(.acknowledged(request: request)) }
        guard let topic = HTXTopic(text, prefix: "market.") ?? HTXTopic(text, prefix: "public.") else {
            return .control(.information(isEnd ? "unsubbed" : "subbed"))
        }
        let (owner, channel) = (topic.owner.string, topic.channel.string)
        return .control(
            isEnd
                ? .streamEnded(venueSymbol: owner, channelName: channel)
                : .streamAcknowledged(venueSymbol: owner, channelName: channel)
        )
    }

    private static func refused(_ envelope: HTXEnvelope) -> FrameOutcome {
        let code = envelope.errorCode?.string ?? ""
        return .control(
            .refused(
                request: envelope.id?.integer,
                code: code,
                message: envelope.errorMessage?.string ?? "",
                verdict: HTXErrors.verdict(code: code)
            )
        )
    }
}
