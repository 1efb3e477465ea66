// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView
import Models
import VenueKit

/// A venue for machine tests: two streams a frame, everything else as the test wants it.
struct FakeVenue: Venue {
    static let id = VenueID("fake")

    var heartbeat = Heartbeat.serverPing
    var life: Int?
    var sendLimit = RateLimit(count: 100, windowMilliseconds: 1000)

    var profile: VenueProfile {
        VenueProfile(
            markets: [MarketID("spot")],
            endpoints: [VenueEndpoint(name: "ws", url: "ws://localhost", market: MarketID("spot"))],
            heartbeat: heartbeat,
            streamsPerConnection: 3,
            connectionLimit: RateLimit(count: 2, windowMilliseconds: 1000),
            sendLimit: sendLimit,
            connectionLifeMilliseconds: life
        )
    }

    func endpoint(for channel: Channel, of instrument: Instrument) -> String? { "ws" }

    func channelName(of stream: VenueStream) -> String { "v-" + stream.channel.name }

    func subscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame] {
        frames("sub", streams, firstRequest)
    }

    func unsubscribeFrames(_ streams: [VenueStream], firstRequest: Int64) -> [OutboundFrame] {
        frames("unsub", streams, firstRequest)
    }

    func makeDecoder(market: MarketID?, instruments: InstrumentTable) -> any FrameDecoder { FakeDecoder() }

    func instrumentCalls(markets: [MarketID]) -> [VenueCall] { [] }

    func instruments(from body: UnsafeRawBufferPointer, market: MarketID?) throws(DecodeError) -> [Instrument]
    {
        []
    }

    func market(shownBy url: String) -> MarketID? { nil }

    func isInstrumentList(url: String) -> Bool { false }

    func verdict(status: Int, retryAfterSeconds: Int?, body: UnsafeRawBufferPointer) -> VenueVerdict {
        .refuse
    }

    private func frames(_ verb: String, _ streams: [VenueStream], _ first: Int64) -> [OutboundFrame] {
        stride(from: 0, to: streams.count, by: 2).enumerated().map { number, start in
            let part = Array(streams[start..<min(start + 2, streams.count)])
            let names = part.map { $0.venueSymbol + "." + $0.channel.name }.joined(separator: ",")
            let request = first + Int64(number)
            return OutboundFrame(text: "\(verb) \(request) \(names)", request: request, streams: part)
        }
    }
}

final class FakeDecoder: FrameDecoder {
    func decode(_ frame: FrameBytes, into batch: inout EventBatch) throws(DecodeError) -> FrameOutcome {
        .ignored("fake")
    }
}

/// `bbo("A")`, `trade("B")`: streams by the venue's name.
func bbo(_ name: String) -> VenueStream { stream(name, .bbo) }
func trade(_ name: String) -> VenueStream { stream(name, .trade) }

private func stream(_ name: String, _ channel: Channel) -> VenueStream {
    let number = name.utf8.first.map { UInt32($0) - 65 } ?? 0
    return VenueStream(
        instrument: InstrumentID(index: number),
        venueSymbol: name,
        channel: channel,
        market: MarketID("spot")
    )
}
