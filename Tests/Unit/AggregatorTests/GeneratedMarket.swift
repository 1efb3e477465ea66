// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Wire

/// Numbers that look random and are the same at every run.
struct Dice {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func roll(_ sides: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((word ^ (word >> 31)) % UInt64(sides))
    }
}

/// Three venues' quotes, books and funding of symbols that belong together, as their feeds would publish them.
struct GeneratedMarket {
    struct Listing {
        let symbol: String
        let venue: String
        let hasBook: Bool
        var seq: UInt64 = 0
        var quoteSeq: UInt64 = 0
        /// Deltas since the last snapshot.
        var deltas = 0
        /// The prices that the book has now.
        var bids: Set<Int> = []
        var asks: Set<Int> = []
    }

    /// A symbol, its base and quote, and what it costs on the average.
    static let symbols: [(name: String, base: String, quote: String, price: Int)] = [
        ("A-USDT", "A", "USDT", 100_000), ("B-USDT", "B", "USDT", 20_000), ("C-USDT", "C", "USDT", 50_000),
        ("A-USDC", "A", "USDC", 100_000), ("B-USDC", "B", "USDC", 20_000), ("B-A", "B", "A", 2000),
        ("C-A", "C", "A", 5000), ("USDC-USDT", "USDC", "USDT", 10_000),
        ("A-USDT-PERP", "A", "USDT", 100_000), ("B-USDT-PERP", "B", "USDT", 20_000),
    ]

    var dice: Dice
    var listings: [Listing] = []
    /// How many deltas follow a snapshot of a book.
    let deltasPerSnapshot: Int

    init(seed: UInt64, deltasPerSnapshot: Int = 5) {
        dice = Dice(seed)
        self.deltasPerSnapshot = deltasPerSnapshot
        for symbol in Self.symbols {
            for venue in ["x", "y", "z"] {
                listings.append(Listing(symbol: symbol.name, venue: venue, hasBook: dice.roll(2) == 0))
            }
        }
    }

    static func instruments() throws -> [Instrument] {
        var made: [Instrument] = []
        for symbol in symbols {
            for venue in ["x", "y", "z"] {
                var instrument = Instrument(
                    venue: VenueID(venue),
                    market: MarketID("spot"),
                    venueSymbol: symbol.name,
                    kind: symbol.name.hasSuffix("-PERP") ? .linearPerpetual : .spot,
                    base: symbol.base,
                    quote: symbol.quote,
                    settle: symbol.quote
                )
                instrument.symbol = symbol.name
                instrument.lotSize = try ScaledDecimal("0.5")
                instrument.takerFee = try ScaledDecimal("0.003")
                instrument.status = .trading
                made.append(instrument)
            }
        }
        return made
    }

    /// Publishes the next record of one of the streams.
    mutating func step(now: Int64, into shelf: Shelf) {
        let place = dice.roll(listings.count)
        let listing = listings[place]
        if listing.symbol.hasSuffix("-PERP"), dice.roll(4) == 0 { return fund(place, now, shelf) }
        if listing.hasBook { return book(place, now, shelf) }
        quote(place, now, shelf)
    }

    private func head(_ listing: Listing, _ schema: String, _ seq: UInt64, _ now: Int64) -> String {
        """
        {"schema":"\(schema)","venue":"\(listing.venue)","symbol":"\(listing.symbol)",\
        "venue_symbol":"\(listing.symbol)","exchange_us":\(now),"received_us":\(now),"published_us":\(now),\
        "feed":"\(listing.venue)-feed","epoch":1000,"seq":\(seq),
        """
    }

    /// A price near the symbol's average, in the fourth decimal.
    private mutating func price(_ symbol: String) -> Int {
        let average = Self.symbols.first { $0.name == symbol }?.price ?? 1
        return average + (dice.roll(41) - 20) * max(average / 4000, 1)
    }

    private static func text(_ tenThousandths: Int) -> String {
        let rest = String(tenThousandths % 10_000)
        let text = "\(tenThousandths / 10_000).\(String(repeating: "0", count: 4 - rest.count))\(rest)"
        return (try? ScaledDecimal(text))?.description ?? text
    }

    private mutating func quote(_ place: Int, _ now: Int64, _ shelf: Shelf) {
        listings[place].quoteSeq += 1
        let listing = listings[place]
        let middle = price(listing.symbol)
        let isLost = dice.roll(40) == 0
        let sides =
            isLost
            ? "\"state\":\"invalid\",\"bid\":null,\"bid_size\":null,\"ask\":null,\"ask_size\":null,\"reason\":\"gap\"}"
            : """
            "state":"live","bid":"\(Self.text(middle - 2))","bid_size":"\(1 + dice.roll(9))",\
            "ask":"\(Self.text(middle + 2))","ask_size":"\(1 + dice.roll(9))"}
            """
        let value = head(listing, "bbo.v1", listing.quoteSeq, now) + "\"venue_seq\":null," + sides
        shelf.put(TopicRegistry.bbo, key: listing.symbol, value: value)
    }

    private mutating func book(_ place: Int, _ now: Int64, _ shelf: Shelf) {
        listings[place].seq += 1
        let isSnapshot = listings[place].deltas == 0
        listings[place].deltas = (listings[place].deltas + 1) % (deltasPerSnapshot + 1)
        let listing = listings[place]
        let middle = price(listing.symbol)
        if isSnapshot { (listings[place].bids, listings[place].asks) = ([], []) }
        var levels: (bids: [String], asks: [String]) = ([], [])
        // No book crosses itself: a delta removes what an earlier record left on the wrong side of its prices.
        for price in listings[place].bids.filter({ $0 >= middle }).sorted() { remove(price, &levels.bids) }
        for price in listings[place].asks.filter({ $0 <= middle }).sorted() { remove(price, &levels.asks) }
        listings[place].bids = listings[place].bids.filter { $0 < middle }
        listings[place].asks = listings[place].asks.filter { $0 > middle }
        for step in 1...3 {
            let away = step * max(middle / 5000, 1)
            levels.bids.append("[\"\(Self.text(middle - away))\",\"\(1 + dice.roll(5))\"]")
            levels.asks.append("[\"\(Self.text(middle + away))\",\"\(1 + dice.roll(5))\"]")
            listings[place].bids.insert(middle - away)
            listings[place].asks.insert(middle + away)
        }
        let value =
            head(listing, "book.v1", listing.seq, now)
                + """
                "venue_seq":null,"venue_prev_seq":null,"kind":"\(isSnapshot ? "snapshot" : "delta")","book_epoch":1,\
                "depth":null,"horizon_bid":null,"horizon_ask":null,\
                "bids":[\(levels.bids.joined(separator: ","))],"asks":[\(levels.asks.joined(separator: ","))]}
                """
        shelf.put(TopicRegistry.book, key: listing.symbol, value: value)
    }

    private func remove(_ price: Int, _ levels: inout [String]) {
        levels.append("[\"\(Self.text(price))\",\"0\"]")
    }

    private mutating func fund(_ place: Int, _ now: Int64, _ shelf: Shelf) {
        let listing = listings[place]
        let rate = dice.roll(21) - 10
        let value =
            head(listing, "funding.v1", UInt64(now), now)
                + """
                "rate":"\(rate < 0 ? "-" : "")0.000\(abs(rate))","next_funding_us":\(now + 1_000_000_000),\
                "interval_us":28800000000,"mark":"\(Self.text(price(listing.symbol)))","index":null}
                """
        shelf.put(TopicRegistry.funding, key: listing.symbol, value: value)
    }
}
