// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Lets the generated markets happen at the rate asked for, and the streams speak of it at their pace.
final class MarketRun {
    private unowned let exchange: Exchange
    private var schedule = Schedule()
    private var fresh: [Stream] = []
    /// Streams of liquidations of a whole kind of instruments.
    private var wide: [(stream: Stream, wide: (Instrument) -> Bool)] = []
    private let scratch = ByteBuffer(capacity: 1 << 16)
    /// Frames that may be sent; a change that only waits for its stream's next frame costs one too.
    private var budget = 0.0
    private var lastTurn = 0
    private var now = 0
    /// Set over the control port: nothing happens, whatever was gathered was told before.
    private(set) var isPaused = false

    init(exchange: Exchange) { self.exchange = exchange }

    private var publisher: Publisher { exchange.publisher }
    private var generator: MarketGenerator { exchange.generator }

    /// Promises a stream its first frame at once.
    func introduce(_ stream: Stream) { fresh.append(stream) }

    /// A stream of liquidations of every running market that `matches`.
    func watch(_ stream: Stream, _ matches: @escaping (Instrument) -> Bool) {
        guard !wide.contains(where: { $0.stream === stream }) else { return }
        wide.append((stream, matches))
    }

    /// Produces the frames that are due; true while there is a market to run.
    func turn(now: Int) -> Bool {
        self.now = now
        guard !exchange.player.isOn, generator.hasWork, exchange.options.rate > 0, !isPaused else {
            lastTurn = now
            return false
        }
        budget += Double(min(now - lastTurn, 100_000_000)) * Double(exchange.options.rate) / 1e9
        budget = min(budget, Double(exchange.options.rate) * 0.1 + 1)
        lastTurn = now
        for market in generator.windowTurn(now: now, wall: publisher.wall, report: report) { quote(market) }
        while let stream = fresh.popLast() { introduceNow(stream) }
        while budget >= 1, let stream = schedule.next(now: now) { speak(stream) }
        while budget >= 1, let market = generator.pick() {
            let before = budget
            if generator.isTrade(market) { trade(market) } else { quote(market) }
            if budget == before { budget -= 1 }
        }
        return true
    }

    /// Stops all markets once every book stream has told what it gathered.
    func pause() {
        for market in generator.begun {
            for stream in market.streams { speak(stream) }
        }
        isPaused = true
    }

    func resume() { isPaused = false }

    private func report(_ window: CrossedWindow, _ opened: Bool) {
        publisher.log.note(
            "crossed",
            opened ? "open" : "close",
            ",\"base\":\"\(window.base)\",\"segment\":\"\(window.segment.rawValue)\""
                + ",\"bid_venue\":\"\(window.high.instrument.venue.rawValue)\""
                + ",\"ask_venue\":\"\(window.low.instrument.venue.rawValue)\""
                + ",\"from_ns\":\(window.from),\"until_ns\":\(window.until),\"edge\":\(window.edge)"
        )
    }

    private func introduceNow(_ stream: Stream) {
        guard let market = stream.market else { return }
        switch stream.pace {
        case .eachMatch, .eachFill: trade(market)
        case .eachLiquidation: break
        case .eachTouch: quote(market)
        case .atMost:
            if stream.feed != nil { quote(market) }
            speak(stream)
        }
    }

    // MARK: - Steps of a market

    private func quote(_ market: Market) {
        generator.quote(market)
        tell(market, .touch)
        wake(market, .book)
    }

    private func trade(_ market: Market) {
        for fill in generator.trade(market, milliseconds: exchange.engineTime) {
            tell(market, .fill(fill))
            for part in 0..<fill.parts { tell(market, .match(fill, part)) }
        }
        tell(market, .touch)
        wake(market, .trades)
        wake(market, .book)
        guard let liquidation = market.takeLiquidation() else { return }
        tell(market, .liquidation(liquidation))
        for stream in wide where stream.wide(market.instrument) {
            say(.liquidation(liquidation), stream.stream, market)
        }
    }

    /// Streams that speak at every such moment do so now.
    private func tell(_ market: Market, _ moment: Moment) {
        for stream in market.streams {
            switch (moment, stream.pace) {
            case (.touch, .eachTouch), (.fill, .eachFill), (.match, .eachMatch),
                (.liquidation, .eachLiquidation):
                say(moment, stream, market)
            default: break
            }
        }
    }

    /// Streams with a pace of their own speak when they may.
    private func wake(_ market: Market, _ topics: Topics) {
        for stream in market.streams where !stream.topics.isDisjoint(with: topics) {
            guard case .atMost(let milliseconds) = stream.pace else { continue }
            schedule.wake(stream, at: max(now, stream.spoke + milliseconds * 1_000_000))
        }
    }

    // MARK: - Streams

    /// A stream with a pace of its own says what there is to say.
    func speak(_ stream: Stream) {
        guard let market = stream.market, case .atMost = stream.pace else { return }
        let spoke = stream.spoke
        stream.spoke = now
        if let series = stream.series {
            speak(series, stream, market)
        } else if let feed = stream.feed {
            if let delta = feed.take() {
                say(.book(delta), stream, market)
            } else if stream.keepAlive > 0, now - spoke >= stream.keepAlive * 1_000_000 {
                let silence = BookDelta(first: feed.previous, last: feed.previous, previous: feed.previous)
                say(.book(silence), stream, market)
            } else {
                stream.spoke = spoke
            }
        } else {
            say(.tick, stream, market)
        }
        rearm(stream)
    }

    private func speak(_ series: CandleSeries, _ stream: Stream, _ market: Market) {
        series.roll(to: exchange.engineTime)
        for candle in series.takeClosed() { say(.candle(candle, closed: true), stream, market) }
        guard series.hasNews else { return }
        series.told()
        say(.candle(series.current, closed: false), stream, market)
    }

    /// Wakes a stream for what comes without anybody's doing: its clock's tick, its candle's end.
    private func rearm(_ stream: Stream) {
        if let series = stream.series {
            let left = max(0, series.end - exchange.engineTime)
            schedule.wake(stream, at: now + left * 1_000_000)
        } else if stream.keepAlive > 0 {
            schedule.wake(stream, at: stream.spoke + stream.keepAlive * 1_000_000)
        } else if stream.topics.contains(.clock), case .atMost(let milliseconds) = stream.pace {
            schedule.wake(stream, at: now + milliseconds * 1_000_000)
        }
    }

    private func say(_ moment: Moment, _ stream: Stream, _ market: Market) {
        guard let desk = exchange.desks[stream.venue] else { return }
        scratch.removeAll()
        guard let mark = desk.write(moment, stream, market, into: scratch) else { return }
        budget -= 1
        publisher.deliver(stream, scratch.bytes, mark)
        guard case .fill(let fill) = moment else { return }
        stream.keep(scratch.bytes, id: fill.id)
    }
}
