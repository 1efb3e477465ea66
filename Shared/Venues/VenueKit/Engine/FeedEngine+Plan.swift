// Part of MarketBus. Apache License 2.0, see LICENSE.

import Lifecycle
import Models
import Observability
import Wire

// MARK: Streams

extension FeedEngine {
    /// Makes the connections as soon as every symbol is known, or every market has answered.
    func planIfPossible() {
        guard !isPlanned, !isStopping, !directory.markets.isEmpty, output.isReady, areSubscriptionsKnown,
            areSharesKnown
        else {
            return
        }
        let (found, unknown) = directory.resolve(wanted.unspoken)
        guard unknown.isEmpty || directory.markets.isSuperset(of: settings.markets) else { return }
        isPlanned = true
        guard unknown.isEmpty || !settings.areSymbolsChosen else { return refuse(unknown) }
        guard !found.isEmpty || wanted.unspoken.isEmpty || wanted.entries.contains(where: \.isWish) else {
            return refuse(settings.symbols)
        }
        for entry in wanted.entries {
            if let id = directory.table.id(ofSymbol: entry.symbol) { noteStatus(of: id) }
        }
        replan()
    }

    /// Makes of the connections what is wanted now; streams that stay are not touched.
    func replan() {
        guard isPlanned, !isStopping else { return }
        rejections.removeAll(keepingCapacity: true)
        let changes = planner.setWanted(wanted.entries.flatMap(streams(of:)))
        announceRejections()
        somethingChanged()
        guard !changes.isEmpty else { return }
        let now = clock.monotonic
        books.release(changes.flatMap(\.removed), now: clock.wall.microseconds)
        for stream in changes.flatMap(\.added) where !stream.isReference { books.want(stream) }
        for stream in changes.flatMap(\.removed) { repairs.ended(stream, .unsubscribed) }
        for change in changes { make(change) }
        for change in changes { begin(change, now) }
        books.forget(changes.flatMap(\.removed))
        logger.info(
            "feed.planned",
            [
                "added": LogValue(changes.reduce(0) { $0 + $1.added.count }),
                "removed": LogValue(changes.reduce(0) { $0 + $1.removed.count }),
                "connections": LogValue(carrying.count),
            ]
        )
    }

    /// The connections that carry something; numbers between them may be free.
    var carrying: [FeedConnection] {
        isStopping ? connections : connections.filter { $0.session.state != .stopped }
    }

    private func make(_ change: PlanChange) {
        guard change.isNew, let endpoint = settings.endpoint(change.plan.endpoint, in: profile) else {
            return
        }
        guard connections.indices.contains(change.connection) else {
            return connections.append(FeedConnection(change.connection, change.plan, endpoint, engine: self))
        }
        let old = connections[change.connection]
        reports.retire(old, metrics)
        connections[change.connection] = FeedConnection(
            change.connection,
            change.plan,
            endpoint,
            engine: self,
            generation: old.generation + 1
        )
    }

    private func begin(_ change: PlanChange, _ now: MonotonicNanos) {
        guard connections.indices.contains(change.connection) else { return }
        guard !change.isNew else { return connections[change.connection].begin(now) }
        setWanted(change.plan.streams, on: change.connection)
        let connection = connections[change.connection]
        guard !change.plan.streams.isEmpty else {
            if let successor = connection.handOver?.new { abandonHandOver(to: successor) }
            return connection.shutdown(now)
        }
        for stream in change.added where stream.channel == .book && connection.session.state == .open {
            books.connectionOpened(stream, now)
        }
    }

    /// Other streams are wanted of a connection from now on; those that stay are not touched.
    func setWanted(_ streams: [VenueStream], on connection: Int) {
        let now = clock.monotonic
        connections[connection].setWanted(streams, now)
        // A successor carries what the connection does.
        handOvers[connection]?.new.setWanted(streams, now)
    }

    // MARK: What a channel needs

    /// All streams of a symbol that the venue has; notes what it has not and was asked for.
    private func streams(of entry: WantedSymbols.Entry) -> [PlannedStream] {
        guard let id = directory.table.id(ofSymbol: entry.symbol) else {
            if entry.isWish { rejections.append(Rejection(entry, explanation(of: entry.symbol))) }
            return []
        }
        return entry.channels.flatMap { channel in
            let streams = streams(of: channel, of: id)
            let instrument = directory.table[id]
            if streams.isEmpty, entry.isWish, !repairs.polls(channel, of: instrument) {
                let detail =
                    "\(type(of: venue).id) streams no \(channel.name) of \(instrument.market) instruments"
                rejections.append(Rejection(entry.symbol, instrument.venueSymbol, [channel], detail))
            }
            return streams
        }
    }

    /// What the venue must be asked for so that a channel of an instrument arrives, and where; none where it has no
    /// such channel.
    private func streams(of channel: Channel, of id: InstrumentID) -> [PlannedStream] {
        let instrument = directory.table[id]
        guard let endpoint = venue.endpoint(for: channel, of: instrument),
            settings.endpoint(endpoint, in: profile) != nil
        else {
            if !repairs.polls(channel, of: instrument) {
                logger.warning(
                    "feed.no_such_stream",
                    ["symbol": .string(instrument.symbol), "channel": .string(channel.name)]
                )
            }
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
        let carrier = carrier(of: channel, instrument)
        var streams = intervals(of: channel, instrument.market).map { interval in
            PlannedStream(stream(interval), endpoint: endpoint, carrier: carrier)
        }
        if let endpoint = venue.referenceEndpoint(for: channel, of: instrument),
            settings.endpoint(endpoint, in: profile) != nil
        {
            streams.append(PlannedStream(stream(nil, isReference: true), endpoint: endpoint))
        }
        return streams
    }

    /// Quotes that are the top of the book come by the book's frames.
    private func carrier(of channel: Channel, _ instrument: Instrument) -> Channel {
        guard channel == .bbo, venue.bookRules(of: instrument)?.makesQuotes == true else { return channel }
        return .book
    }

    /// The intervals that a stream of this channel is asked for in: one nil for all channels but candles.
    private func intervals(of channel: Channel, _ market: MarketID) -> [CandleInterval?] {
        guard channel == .candle else { return [nil] }
        let offered = venue.candleIntervals(market)
        let missing = settings.candleIntervals.filter { !offered.contains($0) }
        if !missing.isEmpty, marketsWithoutIntervals.insert(market).inserted {
            let names = missing.map(\.name).joined(separator: ", ")
            let known = offered.map(\.name).joined(separator: ", ")
            let detail = "no candles of \(names) in \(market); there are \(known.isEmpty ? "none" : known)"
            announce(Incident(.subscriptionIgnored, detail), topic: TopicRegistry.candle)
        }
        return settings.candleIntervals.filter(offered.contains)
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
        let lines = symbols.map { "venues.\(id).symbols: \(explanation(of: $0))" }
        fail(.configuration, lines.joined(separator: "\n"))
    }

    /// Why a symbol is unknown, and which was perhaps meant.
    func explanation(of symbol: String) -> String {
        if let known = explanations[symbol] { return known }
        let nearest = directory.explain(symbol).nearest
        let mend =
            nearest.isEmpty
            ? "no listed symbol looks like it" : "did you mean \(nearest.joined(separator: ", "))?"
        let text = "\(type(of: venue).id) does not list \(symbol) in \(settings.markets.map(\.name)); \(mend)"
        explanations[symbol] = text
        return text
    }
}
