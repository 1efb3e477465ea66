// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Observability
import Wire

// MARK: Streams

extension FeedEngine {
    /// Makes the connections as soon as every symbol is known, or every market has answered.
    func planIfPossible() {
        guard !isPlanned, !isStopping, !directory.markets.isEmpty, output.isReady else { return }
        let (found, unknown) = directory.resolve(settings.symbols)
        guard unknown.isEmpty || directory.markets.isSuperset(of: settings.markets) else { return }
        isPlanned = true
        guard unknown.isEmpty || !settings.areSymbolsChosen else { return refuse(unknown) }
        guard !found.isEmpty else { return refuse(settings.symbols) }
        plan(found)
        let now = clock.monotonic
        for connection in connections { connection.begin(now) }
    }

    private func plan(_ instruments: [InstrumentID]) {
        var streams: [(stream: VenueStream, endpoint: String)] = []
        for id in instruments {
            for channel in settings.channels { streams += self.streams(of: channel, of: id) }
            noteStatus(of: id)
        }
        for (stream, _) in streams where !stream.isReference { books.want(stream) }
        let plans = ConnectionPlanner.plan(
            streams,
            streamsPerConnection: profile.streamsPerConnection,
            mixesMarkets: profile.mixesMarkets
        )
        for plan in plans {
            guard let endpoint = settings.endpoint(plan.endpoint, in: profile) else { continue }
            connections.append(FeedConnection(connections.count, plan, endpoint, engine: self))
        }
        logger.info(
            "feed.planned",
            ["streams": LogValue(streams.count), "connections": LogValue(connections.count)]
        )
    }

    /// Other streams are wanted of a connection from now on; those that stay are not touched.
    func setWanted(_ streams: [VenueStream], on connection: Int) {
        let now = clock.monotonic
        connections[connection].setWanted(streams, now)
        // A successor carries what the connection does.
        handOvers[connection]?.new.setWanted(streams, now)
    }

    /// What the venue must be asked for so that a channel of an instrument arrives, and where; none where it has no
    /// such channel.
    private func streams(
        of channel: Channel,
        of id: InstrumentID
    ) -> [(stream: VenueStream, endpoint: String)] {
        let instrument = directory.table[id]
        guard let endpoint = venue.endpoint(for: channel, of: instrument) else {
            logger.warning(
                "feed.no_such_stream",
                ["symbol": .string(instrument.symbol), "channel": .string(channel.name)]
            )
            return []
        }
        func stream(_ interval: CandleInterval?, isReference: Bool = false) -> VenueStream {
            VenueStream(
                instrument: id,
                venueSymbol: instrument.venueSymbol,
                channel: channel,
                market: instrument.market,
                interval: interval,
                isReference: isReference
            )
        }
        var streams = settings.intervals(of: channel).map { (stream($0), endpoint) }
        if let endpoint = venue.referenceEndpoint(for: channel, of: instrument) {
            streams.append((stream(nil, isReference: true), endpoint))
        }
        return streams
    }

    private func noteStatus(of id: InstrumentID) {
        let instrument = directory.table[id]
        guard instrument.status != .trading else { return }
        announce(
            Incident(.delisted, "the venue lists it as \(instrument.status.rawValue)"),
            topic: TopicRegistry.instrument,
            symbol: instrument.symbol
        )
    }

    private func refuse(_ symbols: [String]) {
        let id = type(of: venue).id.name
        let lines = symbols.map { symbol in
            let nearest = directory.explain(symbol).nearest
            let mend =
                nearest.isEmpty
                ? "no listed symbol looks like it" : "did you mean \(nearest.joined(separator: ", "))?"
            return
                "venues.\(id).symbols: \(id) does not list \(symbol) in \(settings.markets.map(\.name)); \(mend)"
        }
        fail(.configuration, lines.joined(separator: "\n"))
    }
}
