// Part of MarketBus. Apache License 2.0, see LICENSE.

import Models
import Wire

/// `agg.*` and `arb.*`.
enum AggregateSamples {
    private static let head = AggregateHead(
        symbol: "BTC-USDT",
        aggregator: "aggregator",
        epoch: Samples.now - 1_000_000,
        seq: 1,
        publishedMicroseconds: Samples.now
    )

    static let legs: [QuoteRecord.Leg] = [
        QuoteRecord.Leg(
            quote: .init(
                venue: "binance",
                feed: "binance-feed",
                health: .live,
                bid: Samples.level("61804.7", "1.5"),
                ask: Samples.level("61804.8", "0.2"),
                receivedMicroseconds: Samples.now - 1500,
                ageMicroseconds: 1500
            ),
            venueSymbol: "BTCUSDT",
            exchangeMicroseconds: EventTime.none,
            venueSequence: 499_822_861
        ),
        QuoteRecord.Leg(
            quote: .init(
                venue: "okx",
                feed: "okx-feed",
                health: .invalid,
                bid: nil,
                ask: nil,
                receivedMicroseconds: Samples.now - 1000,
                ageMicroseconds: -3
            ),
            venueSymbol: "BTC-USDT",
            exchangeMicroseconds: Samples.now - 2000,
            venueSequence: VenueSequence.none
        ),
    ]

    static let quotes: [QuoteRecord] = {
        let full = QuoteRecord(
            head: head,
            bid: .init(level: Samples.level("61804.7", "1.5"), venue: "binance"),
            ask: .init(level: Samples.level("61804.8", "0.2"), venue: "binance"),
            crossed: false,
            locked: false,
            legs: legs
        )
        var empty = full
        empty.bid = nil
        empty.ask = nil
        empty.legs = []
        empty.head.seq = 2
        var crossed = full
        crossed.ask = .init(level: Samples.level("0.000000000000001", "1000000000000"), venue: "okx")
        crossed.crossed = true
        crossed.head.seq = 9_007_199_254_740_991
        var judged = full
        judged.legs[0].skewMicroseconds = EventTime.none
        judged.legs[0].allowedMicroseconds = 2_500_000
        judged.legs[1].skewMicroseconds = -400
        judged.legs[1].allowedMicroseconds = 30_000_000
        var joined = judged
        joined.bid?.conversion = "USDC-USDT@okx"
        joined.ask?.conversion = "USDC-USDT@okx"
        joined.legs[0].conversion = conversion
        return [full, empty, crossed, judged, joined]
    }()

    private static let conversion = QuoteRecord.Conversion(
        source: "BTC-USDC",
        sourceBid: Samples.level("61810", "1.5"),
        sourceAsk: nil,
        symbol: "USDC-USDT",
        market: .init(
            venue: "okx",
            feed: "okx-feed",
            health: .live,
            bid: Samples.level("0.9999", "250000"),
            ask: nil,
            receivedMicroseconds: Samples.now - 900,
            ageMicroseconds: 900
        ),
        allowedMicroseconds: 30_000_000
    )

    static func leg(_ venue: String, _ price: String) -> OpportunityRecord.Leg {
        OpportunityRecord.Leg(
            venue: venue,
            venueSymbol: "BTC-USDT",
            price: Samples.decimal(price),
            size: Samples.decimal("0.75"),
            fee: Samples.decimal("0.001"),
            ageMicroseconds: 950
        )
    }

    static let opportunities: [OpportunityRecord] = {
        let open = OpportunityRecord(
            head: head,
            id: "BTC-USDT/binance/okx/1763700000123456",
            kind: .crossVenueSpot,
            state: .open,
            reason: nil,
            buy: leg("binance", "61000"),
            sell: leg("okx", "61500.5"),
            size: Samples.decimal("0.75"),
            edge: Samples.decimal("377.9995"),
            edgeBasisPoints: Samples.decimal("61.9052"),
            profit: Samples.decimal("283.499625"),
            openedMicroseconds: Samples.now,
            durationMicroseconds: 0,
            trigger: .init(
                venue: "okx",
                feed: "okx-feed",
                epoch: 1,
                seq: 2,
                receivedMicroseconds: Samples.now - 950
            )
        )
        let closes: [OpportunityRecord] = OpportunityRecord.Reason.allCases.map { reason in
            var close = open
            close.state = .close
            close.reason = reason
            close.trigger = nil
            close.edge = Samples.decimal("-0.5")
            close.durationMicroseconds = 1_250_000
            return close
        }
        var update = open
        update.kind = .crossVenuePerpetual
        update.state = .update
        return [open, update] + closes + through(open)
    }()

    /// The same through the books: one of every kind, and the end of it.
    private static func through(_ open: OpportunityRecord) -> [OpportunityRecord] {
        let trades = [Side.buy, .sell].map { side in
            OpportunityRecord.Trade(
                side: side,
                symbol: "BTC-USDT",
                venue: side == .buy ? "binance" : "okx",
                venueSymbol: "BTC-USDT",
                size: Samples.decimal("0.75"),
                value: Samples.decimal("45750"),
                price: Samples.decimal("61000"),
                worstPrice: Samples.decimal("61001.5"),
                fee: Samples.decimal("0.001"),
                makerFee: side == .buy ? Samples.decimal("-0.0001") : nil,
                ageMicroseconds: 950,
                skewMicroseconds: side == .buy ? 1200 : EventTime.none
            )
        }
        var judged = open
        judged.detail = OpportunityRecord.Detail(
            legs: trades,
            currency: "USDT",
            cost: Samples.decimal("45795.75"),
            funding: nil,
            curve: [
                (size: Samples.decimal("0.5"), profit: Samples.decimal("190")),
                (size: Samples.decimal("0.75"), profit: Samples.decimal("283.499625")),
            ],
            peakEdgeBasisPoints: Samples.decimal("61.9052"),
            peakMicroseconds: Samples.now,
            peakProfit: Samples.decimal("283.499625"),
            meanEdgeBasisPoints: Samples.decimal("60"),
            takers: []
        )
        var others: [OpportunityRecord] = []
        for kind in OpportunityRecord.Kind.allCases {
            var other = judged
            other.kind = kind
            if kind == .spotPerpetual { other.detail?.funding = Samples.decimal("-1.5") }
            others.append(other)
        }
        var settled = judged
        settled.state = .settle
        settled.detail?.takers = [
            .init(latencyMicroseconds: 5000, earned: Samples.decimal("-12.5")),
            .init(latencyMicroseconds: 250_000, earned: nil),
        ]
        return others + [settled]
    }

    static let books: [AggBookRecord] = {
        let level = AggBookRecord.Level(
            price: Samples.decimal("61804.7"),
            size: Samples.decimal("2"),
            parts: [
                .init(venue: "okx", size: Samples.decimal("1.5")),
                .init(venue: "binance", size: Samples.decimal("0.5")),
            ]
        )
        let full = AggBookRecord(
            head: head,
            top: 20,
            venues: ["binance", "okx"].map {
                .init(
                    venue: $0,
                    feed: "\($0)-feed",
                    receivedMicroseconds: Samples.now - 950,
                    ageMicroseconds: 950
                )
            },
            bids: [level],
            asks: [level, level]
        )
        var empty = full
        empty.head.seq = 2
        (empty.venues, empty.bids, empty.asks) = ([], [], [])
        return [full, empty]
    }()
}

/// `sys.*`.
enum SystemSamples {
    static let statuses: [FeedStatusRecord] = {
        let streams = FeedStatusRecord.StreamState.allCases.map { state in
            FeedStatusRecord.Stream(
                symbol: "BTC-USDT",
                venueSymbol: "BTCUSDT",
                channel: "trade",
                state: state,
                detail: state == .refused
                    ? "60018 Wrong URL or channel:trades,instId:BTC-USDX doesn't exist." : nil,
                epoch: state == .pending ? 0 : Samples.now,
                lastSeq: state == .pending ? 0 : 17,
                lastMessageMicroseconds: state == .pending ? EventTime.none : Samples.now,
                records: 17
            )
        }
        let connection = FeedStatusRecord.Connection(
            id: "spot_ws-1",
            endpoint: "spot_ws",
            state: "streaming",
            sinceMicroseconds: Samples.now,
            streams: 5
        )
        return FeedStatusRecord.State.allCases.map { state in
            FeedStatusRecord(
                feed: "binance-feed",
                venue: "binance",
                publishedMicroseconds: Samples.now,
                state: state,
                ready: state == .live,
                connections: state == .starting ? [] : [connection],
                streams: state == .starting ? [] : streams,
                totals: .init(frames: 1_000_000, records: 999_999, deadLetters: 1, reconnects: 0),
                share: state == .degraded ? .init(partitions: [0, 4], count: 6, leaving: 12) : nil
            )
        }
    }()

    static let integrities: [IntegrityRecord] = {
        let minute = IntegrityRecord(
            feed: "binance-feed",
            topicName: "md.bbo.v1",
            publishedMicroseconds: Samples.now,
            kind: .minute,
            fromMicroseconds: Samples.now - 60_000_000,
            toMicroseconds: Samples.now,
            streams: [
                .init(
                    venue: "binance",
                    symbol: "BTC-USDT",
                    epoch: 1,
                    firstSeq: 1,
                    lastSeq: 10,
                    published: 8,
                    lost: 2
                )
            ],
            holes: [
                .init(
                    venue: "binance",
                    symbol: "BTC-USDT",
                    epoch: 1,
                    firstSeq: 4,
                    lastSeq: 5,
                    reason: LossReason.conflated.rawValue,
                    repaired: false
                )
            ],
            incidents: []
        )
        var incident = minute
        incident.kind = .incident
        incident.streams = []
        incident.holes = []
        incident.incidents = [
            .init(
                atMicroseconds: Samples.now,
                venue: "binance",
                symbol: nil,
                stream: nil,
                kind: "connection_lost",
                detail: "the peer closed with 1006 \"\u{1F}\\\" — ключ"
            ),
            .init(
                atMicroseconds: 0,
                venue: "okx",
                symbol: "BTC-USDT",
                stream: "bbo:BTC-USDT",
                kind: "silent",
                detail: ""
            ),
        ]
        return [minute, incident]
    }()

    static let drifts = [
        DriftRecord(
            venue: "okx",
            feed: "okx-feed",
            atMicroseconds: Samples.now,
            kind: "unknown_field",
            stream: "bbo-tbt:BTC-USDT",
            detail: "data[].newField",
            example: "{\"arg\":{\"channel\":\"bbo-tbt\"},\"data\":[{\"newField\":\"\\u00e9\"}]}"
        ),
        DriftRecord(
            venue: "okx",
            feed: "okx-feed",
            atMicroseconds: Samples.now,
            kind: "silent_subscription",
            stream: nil,
            detail: "",
            example: String(repeating: "é", count: 3000)
        ),
    ]

    static let deadLetters: [DeadLetterRecord] = {
        let frames: [[UInt8]] = [
            Array("{\"e\":\"trade\",\"p\":\"0.-10000\"}".utf8),
            [0xFF, 0x00, 0x22, 0x5C],
            [],
            Array("\u{0}\u{1F}\"\\ line\nfeed".utf8),
        ]
        return frames.map { frame in
            frame.withUnsafeBytes { bytes in
                DeadLetterRecord(
                    source: "binance-feed/spot_ws-1",
                    venue: "binance",
                    feed: "binance-feed",
                    atMicroseconds: Samples.now,
                    reason: "bad_field",
                    detail: "p at byte 15 can't be read",
                    connection: "spot_ws-1",
                    frame: bytes
                )
            }
        }
    }()
}
