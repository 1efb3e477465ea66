// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models

// MARK: What is wanted

extension FeedBooks {
    /// A stream is wanted from now on.
    func want(_ stream: VenueStream) {
        guard let channel = Self.channel(of: stream), let kept = keeper.book(stream.instrument, []),
            channel == .book || kept.machine.rules.makesQuotes
        else { return }
        // Who reads the book from now on has not seen it begin.
        if channel == .book, kept.machine.state == .live, !kept.channels.contains(.book) {
            kept.owesSnapshot = true
        }
        kept.channels.insert(channel)
        if streams[stream.instrument]?.contains(stream) != true {
            streams[stream.instrument, default: []].append(stream)
        }
        if desks[stream.market] == nil {
            let limit = kept.machine.rules.snapshotsPerMinute
            desks[stream.market] = SnapshotDesk(perMinute: limit, seed: seed &+ UInt64(desks.count))
        }
    }

    /// These streams are about to leave: where another stream that the same book makes stays, only their own records
    /// end, and the book goes on; `now` in microseconds since the Unix epoch.
    func release(_ leaving: [VenueStream], now: Int64) {
        let carried = carried(leaving)
        var together: [InstrumentID: BookChannels] = [:]
        for (stream, channel) in carried { together[stream.instrument, default: []].insert(channel) }
        for (stream, channel) in carried {
            guard let kept = keeper.known(stream.instrument), kept.channels.contains(channel),
                !kept.channels.subtracting(together[stream.instrument] ?? []).isEmpty
            else { continue }
            keeper.stop(channel, of: stream.instrument, now: now)
            streams[stream.instrument]?.removeAll { $0 == stream }
        }
    }

    /// These streams have left.
    func forget(_ left: [VenueStream]) {
        for (stream, channel) in carried(left) {
            guard let kept = keeper.known(stream.instrument) else { continue }
            kept.channels.remove(channel)
            streams[stream.instrument]?.removeAll { $0 == stream }
            guard kept.channels.isEmpty else { continue }
            desks[stream.market]?.forget(stream.instrument)
            streams[stream.instrument] = nil
            audited.remove(stream.instrument)
            keeper.forget(stream.instrument)
        }
    }

    /// Those of some streams that bring a book.
    private func carried(_ streams: [VenueStream]) -> [(stream: VenueStream, channel: BookChannels)] {
        streams.compactMap { stream in
            guard !stream.isReference, let channel = Self.channel(of: stream) else { return nil }
            return (stream, channel)
        }
    }
}
