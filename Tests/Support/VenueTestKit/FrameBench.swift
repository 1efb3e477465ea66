// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import JSONView
import Models
import VenueKit

/// One decoder, and what it makes of frames as lines that a test can read.
///
/// - `trade BTC-USDT 12345 sell 0.001 x 100 at 1672515782136000`
/// - `quote BNB-USDT 400900217 25.3519 x 31.21 / 25.3652 x 40.66 at none`
/// - `ignored event`, `control acknowledged 1`, `dead missing_field p`
public final class FrameBench {
    /// The instruments that the decoder knows.
    public let instruments: InstrumentTable
    /// The decoder.
    public let decoder: any FrameDecoder
    var batch = EventBatch()

    /// Makes a bench with a decoder of its own.
    public init(_ venue: any Venue, market: MarketID? = nil, instruments: InstrumentTable = InstrumentTable())
    {
        self.instruments = instruments
        decoder = venue.makeDecoder(market: market, instruments: instruments)
    }

    /// What the venue reads out of a REST answer.
    public func see(answer: String, to query: VenueQuery, of symbol: String, _ venue: any Venue) -> [String] {
        guard let id = instruments.id(ofSymbol: symbol) else { return ["no \(symbol)"] }
        batch.removeAll()
        var copy = answer
        do throws(DecodeError) {
            let problem: DecodeError? = copy.withUTF8 { bytes in
                do throws(DecodeError) {
                    let body = UnsafeRawBufferPointer(bytes)
                    try venue.read(body, answering: query, of: id, instruments, into: &batch)
                    return nil
                } catch {
                    return error
                }
            }
            if let problem { throw problem }
            return events
        } catch {
            return ["dead " + Self.text(error)]
        }
    }

    /// What the decoder makes of a frame.
    public func see(_ frame: String) -> [String] {
        see(bytes: Array(frame.utf8))
    }

    /// What the decoder makes of these bytes, in memory that ends where they end.
    public func see(bytes: [UInt8]) -> [String] {
        // Not an array: its storage is rounded up, and a sanitizer would not see a read behind the end.
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
        defer { memory.deallocate() }
        memory.copyBytes(from: bytes)
        return see(FrameBytes(UnsafeRawBufferPointer(rebasing: memory[..<bytes.count])))
    }

    private func see(_ frame: FrameBytes) -> [String] {
        batch.removeAll()
        do throws(DecodeError) {
            switch try decoder.decode(frame, into: &batch) {
            case .events: return events
            case .ignored(let kind): return ["ignored \(kind)"]
            case .control(let control): return ["control " + Self.text(control)]
            }
        } catch {
            return ["dead " + Self.text(error)]
        }
    }

    private var events: [String] {
        batch.trades.map { trade in
            "trade \(instruments[trade.instrument].symbol) \(trade.id.string) \(trade.side.name) "
                + "\(trade.price) x \(trade.size) at \(Self.text(trade.exchangeMicroseconds))"
                + (trade.matches == 1 ? "" : " for \(trade.matches) ids")
        }
            + batch.quotes.map { quote in
                "quote \(instruments[quote.instrument].symbol) \(Self.text(quote.venueSequence)) "
                    + "\(Self.text(quote.bid)) / \(Self.text(quote.ask)) "
                    + "at \(Self.text(quote.exchangeMicroseconds))"
            }
            + batch.lines(instruments)
    }

    private static func text(_ value: Int64) -> String {
        value == Int64.min ? "none" : String(value)
    }

    private static func text(_ level: PriceLevel?) -> String {
        level.map { "\($0.price) x \($0.size)" } ?? "nobody"
    }

    private static func text(_ error: DecodeError) -> String {
        switch error {
        case .missingField(let name), .badField(let name, _): "\(error.reason) \(name)"
        case .unknownContractSize: "unknown_contract_size"
        default: error.reason
        }
    }

    private static func text(_ control: ControlFrame) -> String {
        switch control {
        case .acknowledged(let request): "acknowledged \(request)"
        case .streamAcknowledged(let symbol, let channel): "acknowledged \(symbol) \(channel)"
        case .streamEnded(let symbol, let channel): "ended \(symbol) \(channel)"
        case .refused(let request, let code, let message, let verdict):
            "refused \(request.map(String.init) ?? "none") \(code) \(message): \(verdict)"
        case .streamRefused(let symbol, let channel, let code, let message):
            "refused \(symbol) \(channel ?? "any") \(code) \(message)"
        case .dismissed(let code, let message, let verdict): "dismissed \(code) \(message): \(verdict)"
        case .framesMissing(let detail): "missing \(detail)"
        case .acknowledgedStreams(let streams):
            streams.map { "acknowledged \($0.venueSymbol) \($0.channelName)" }.joined(separator: ", ")
        case .ping(let reply): "ping \(reply)"
        case .ready: "ready"
        case .pong: "pong"
        case .closingSoon(let reason): "closing \(reason)"
        case .information(let text): "information \(text)"
        }
    }
}
