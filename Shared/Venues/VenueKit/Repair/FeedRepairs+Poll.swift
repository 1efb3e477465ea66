// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Observability
import Wire

// MARK: Figures that only REST has

extension FeedRepairs {
    /// How often is looked which instruments are wanted.
    private static let lookMilliseconds: Int64 = 1_000

    /// Whether a channel of an instrument, which the venue does not stream, is polled.
    func polls(_ channel: Channel, of instrument: Instrument) -> Bool {
        guard let engine, channel == .openInterest else { return false }
        return engine.venue.endpoint(for: channel, of: instrument) == nil
            && engine.venue.call(.openInterest, of: instrument) != nil
    }

    func pollFigures(_ engine: FeedEngine, _ now: MonotonicNanos) {
        guard engine.isPlanned else { return }
        if now >= pollLookAt {
            pollLookAt = now.advanced(milliseconds: Self.lookMilliseconds)
            let table = engine.directory.table
            let entries = engine.wanted.entries.filter { $0.channels.contains(.openInterest) }
            let wanted = entries.compactMap { table.id(ofSymbol: $0.symbol) }
            let gone = poll.want(wanted.filter { polls(.openInterest, of: table[$0]) }, now)
            for instrument in gone {
                if let stream = stream(of: instrument, .openInterest) { engine.end(stream, .unsubscribed) }
            }
        }
        while let instrument = poll.next(now) {
            let isAsked = ask(.openInterest, instrument, .poll, engine) { [weak self] result in
                self?.arrived(result, instrument)
            }
            if !isAsked { failed(instrument, "it can't be asked for", engine) }
        }
    }

    /// The figures that are asked for, and how each fares: to a reader they are streams as the others.
    var polled: [(slot: StreamSlot, state: StreamState)] {
        guard let engine else { return [] }
        return poll.standings.map { instrument, standing in
            let slot = engine.pipeline.slot(instrument, .openInterest)
            switch standing {
            case .pending: return (slot, .pending)
            case .live: return (slot, .live)
            case .failing: return (slot, .silent)
            }
        }
    }

    private func arrived(_ result: Result<[UInt8], QueryFailure>, _ instrument: InstrumentID) {
        guard let engine, !engine.isStopping else { return }
        switch read(result, .openInterest, instrument, engine) {
        case .failure(let failure): failed(instrument, failure.detail, engine)
        case .success:
            poll.answered(instrument, engine.clock.monotonic)
            let now = engine.clock.wall.microseconds
            engine.pipeline.publishFetched(batch, received: now, published: now)
        }
        engine.onChange()
    }

    private func failed(_ instrument: InstrumentID, _ detail: String, _ engine: FeedEngine) {
        guard poll.failed(instrument, engine.clock.monotonic) else { return }
        engine.announce(
            Incident(.pollFailed, "\(FigurePoll.tries) questions in a row: \(detail)"),
            topic: TopicRegistry.openInterest,
            symbol: engine.directory.table[instrument].symbol
        )
    }
}
