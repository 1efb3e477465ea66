// Part of MarketBus. Apache License 2.0, see LICENSE.

import OKX
import Testing
import VenueTestKit

/// What `normalize` makes of connections that no feed of ours has.
struct ReplayTests {
    private let bench = ReplayBench(OKXVenue())

    private func book(_ channel: String, _ action: String, _ previous: Int, _ number: Int, bid: String) {
        bench.frame(
            #"{"arg":{"channel":"\#(channel)","instId":"BTC-USDT"},"action":"\#(action)","data":[{"asks":[["9","1","0","1"]],"#
                + #""bids":[["\#(bid)","1","0","1"]],"ts":"1597026383085","prevSeqId":\#(previous),"seqId":\#(number)}]}"#
        )
    }

    @Test func `two full-depth channels of one instrument are two books`() {
        bench.open()
        book("books", "snapshot", -1, 10, bid: "5")
        book("books-l2-tbt", "snapshot", -1, 100, bid: "6")
        book("books", "update", 10, 11, bid: "5.1")
        book("books-l2-tbt", "update", 100, 101, bid: "6.1")
        book("books", "update", 12, 13, bid: "5.2")
        book("books-l2-tbt", "update", 101, 102, bid: "6.2")
        #expect(
            bench.lines("kind", "seq", "venue_seq", "reason") == [
                #"md.book.v1 "snapshot" 1 10"#, #"md.book.v1 "snapshot" 2 100"#,
                #"md.book.v1 "delta" 3 11"#, #"md.book.v1 "delta" 4 101"#,
                #"md.book.v1 "invalid" 5 13 "gap""#, #"md.book.v1 "delta" 6 102"#,
            ]
        )
    }
}
