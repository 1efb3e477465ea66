// Part of MarketBus. Apache License 2.0, see LICENSE.

import Coinbase
import Testing
import VenueTestKit

/// Books and quotes of Advanced Trade as `normalize` publishes them.
struct ReplayTests {
    private let bench = ReplayBench(CoinbaseVenue())

    private func levels(_ number: Int, _ kind: String, _ rows: (side: String, price: String, size: String)...)
    {
        let updates = rows.map { row in
            #"{"side":"\#(row.side)","event_time":"2026-04-07T14:30:00.5Z","price_level":"\#(row.price)","#
                + #""new_quantity":"\#(row.size)"}"#
        }
        bench.frame(
            #"{"channel":"l2_data","timestamp":"2026-04-07T14:30:01Z","sequence_num":\#(number),"#
                + #""events":[{"type":"\#(kind)","product_id":"BTC-USD","updates":[\#(updates.joined(separator: ","))]}]}"#
        )
    }

    @Test func `a jump of the connection's numbers ends its books and quotes until the next snapshot`() {
        bench.open()
        levels(0, "snapshot", ("bid", "100", "1"), ("offer", "101", "1"))
        levels(1, "update", ("bid", "99", "2"))
        levels(3, "update", ("bid", "100", "3"))
        levels(4, "update", ("bid", "100", "4"))
        levels(5, "snapshot", ("bid", "100", "5"), ("offer", "101", "1"))
        let lines = bench.lines("kind", "state", "reason")
        #expect(
            lines == [
                #"md.book.v1 "snapshot""#, #"md.bbo.v1 "live""#, #"md.book.v1 "delta""#,
                #"md.book.v1 "invalid" "gap""#, #"md.bbo.v1 "invalid" "gap""#, #"md.book.v1 "snapshot""#,
                #"md.bbo.v1 "live""#,
            ]
        )
    }

    @Test func `a crossed book's invalid record has the frame's time, the quote's has none`() {
        bench.open()
        levels(0, "snapshot", ("bid", "100", "1"), ("offer", "101", "1"))
        levels(1, "update", ("bid", "102", "2"))
        #expect(
            bench.lines("reason", "exchange_us").suffix(2) == [
                #"md.book.v1 "crossed" 1775572200500000"#, #"md.bbo.v1 "crossed" null"#,
            ]
        )
    }
}
