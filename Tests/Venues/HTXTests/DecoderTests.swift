// Part of MarketBus. Apache License 2.0, see LICENSE.

import HTX
import Models
import Testing
import VenueTestKit

/// Every channel of every market, frame by frame.
struct DecoderTests {
    private let bench = Frames.bench()

    @Test(arguments: Frames.all)
    func `a push becomes its events`(_ sample: Sample) {
        #expect(bench.see(sample.frame) == sample.seen)
    }

    @Test func `the data's own instrument wins over the channel's`() {
        let spot = Frames.spotQuote.frame.replacingFirst("market.btcusdt.bbo", "market.ethusdt.bbo")
        #expect(bench.see(spot) == Frames.spotQuote.seen)
        let linear = Frames.linearQuote.frame.replacingFirst("market.BTC-USDT.bbo", "market.ETH-USDT.bbo")
        #expect(bench.see(linear) == Frames.linearQuote.seen)
    }

    @Test func `an empty side is missing, null or an empty array`() {
        let tick = FrameText(Frames.linearQuote.tick)
        let seen = "quote BTC-USDT-PERP 131599726 13064 x 0.038 / nobody at 1603707934525000"
        for empty in [tick.without("ask"), tick.with("ask", "null"), tick.with("ask", "[]")] {
            #expect(bench.see(Frames.linearQuote.frame(empty.description)) == [seen])
        }
        let spot = FrameText(Frames.spotQuote.tick).without("ask")
        #expect(bench.see(Frames.spotQuote.frame(spot.description)) == ["dead missing_field ask"])
    }

    @Test func `a quote of 2020 has no number`() {
        let old = FrameText(Frames.spotQuote.tick).without("seqId").description
        let seen = "quote BTC-USDT none 52665.01 x 0.178567 / 52665.02 x 1.502181 at 1630994555539000"
        #expect(bench.see(Frames.spotQuote.frame(old)) == [seen])
    }

    @Test func `a spot trade of 2019 goes by its long id, written as text or number`() {
        let row = "\"amount\":6.5286,\"price\":0.006663,\"direction\":\"buy\",\"ts\":1571238239378"
        let seen = "trade ZEN-ETH 10020171792852100010452 buy 0.006663 x 6.5286 at 1571238239378000"
        for id in ["\"10020171792852100010452\"", "10020171792852100010452"] {
            let tick = "{\"id\":1,\"ts\":2,\"data\":[{\"id\":\(id),\(row)}]}"
            #expect(bench.see(Frames.spotTrade.frame(tick)) == [seen])
        }
        let rounded = "{\"id\":1,\"ts\":2,\"data\":[{\"id\":1.3700544510935929e+26,\(row)}]}"
        #expect(bench.see(Frames.spotTrade.frame(rounded)) == ["dead bad_field id"])
    }

    @Test func `contracts are multiplied where the frame does not give the coins`() {
        let tick =
            "{\"id\":1,\"ts\":2,\"data\":[{\"amount\":18,\"ts\":3,\"id\":4,\"price\":5,\"direction\":\"buy\"}]}"
        #expect(bench.see(Frames.linearTrade.frame(tick)) == ["trade ETH-USDT-PERP 4 buy 5 x 0.18 at 3000"])
        let unknown = Sample("market.XRP-USDT.trade.detail", tick, [])
        #expect(bench.see(unknown.frame) == ["dead unknown_contract_size"])
        let unlisted = Sample("market.BTC_NW.bbo", "{\"bid\":[1,2],\"ask\":[3,4],\"ts\":5}", [])
        #expect(bench.see(unlisted.frame) == ["dead unknown_instrument"])
    }

    @Test func `a trade without direction is none`() {
        let tick = FrameText(Frames.linearTrade.tick).description.replacingFirst("\"sell\"", "\"\"")
        #expect(bench.see(Frames.linearTrade.frame(tick)) == ["dead bad_field direction"])
    }

    @Test func `books may lack a side, and increments of 2019 say so`() {
        let one = FrameText(Frames.wholeLinear.tick).with("bids", "null").without("asks").description
        #expect(
            bench.see(Frames.wholeLinear.frame(one))
                == ["book BTC-USDT-PERP whole none/131596447/none  |  at 1603707576467000"]
        )
        let old = FrameText(Frames.wholeSpot.frame).with("update", "true").description
        #expect(bench.see(old)[0].hasPrefix("book BTC-USDT delta \(Int64.max)/136998124622/none"))
    }

    @Test func `the answer to a request is the book's snapshot`() {
        let answer = """
            {"id":"7","rep":"market.btcusdt.mbp.150","status":"ok","data":{"seqNum":100020142010,\
            "bids":[[618.37,71.594]],"asks":[[650.59,14.909733438479636]]}}
            """
        let seen =
            "book BTC-USDT snapshot none/100020142010/none 618.37 x 71.594 | 650.59 x 14.909733438479636 at none"
        #expect(bench.see(answer) == [seen])
        let nothing = FrameText(answer).with("data", "null").description
        #expect(bench.see(nothing) == ["ignored no snapshot yet"])
        let candles = FrameText(answer).with("rep", "\"market.btcusdt.kline.1min\"").description
        #expect(bench.see(candles) == ["ignored answer"])
    }

    @Test func `notifications carry funding and liquidations`() {
        #expect(
            bench.see(Frames.funding) == [
                "funding BTC-USDT-PERP -0.000220068774978695 next 1603785600000000 every none mark none index none "
                    + "at 1603778748166000"
            ]
        )
        let unsettled = Frames.funding.replacingFirst("\"1603785600000\"", "null")
        #expect(bench.see(unsettled)[0].hasPrefix("funding BTC-USDT-PERP none next none"))
        #expect(
            bench.see(Frames.linearLiquidation)
                == ["liquidation BTC-USDT-PERP sell 23350.5 x 0.227 at 1608226502284000"]
        )
        #expect(
            bench.see(Frames.datedLiquidation)
                == ["liquidation BTC-USD-20210924 buy 9115.43 x 319 at 1593561773025000"]
        )
        let info = Frames.funding.replacingFirst("funding_rate\"", "contract_info\"")
        #expect(bench.see(info) == ["ignored notification"])
    }

    @Test func `mark and index prices alone are no event`() {
        let tick = "{\"vol\":\"0\",\"close\":\"9800.12\",\"id\":1529898780}"
        #expect(bench.see(Sample("market.BTC-USDT.mark_price.1min", tick, []).frame) == [])
        #expect(bench.see(Sample("market.BTC-USD.index.15min", tick, []).frame) == [])
        #expect(bench.see(Sample("market.BTC-USD.basis.1min.open", tick, []).frame) == ["ignored channel"])
    }

    @Test func `merged and partial depths, the year and what a recorder made give none`() {
        for channel in [
            "depth.step1", "depth.step6", "depth.size_20.high_freq", "mbp.5", "mbp.20", "mbp.refresh.20",
            "kline.1year", "premium_index.1min",
        ] {
            #expect(bench.see(Sample("market.BTC-USDT.\(channel)", "{}", []).frame) == ["ignored channel"])
        }
        let made = FrameText(Frames.linearTrade.frame).with("generated", "true").description
        #expect(bench.see(made) == ["ignored generated"])
        let answer = FrameText(Frames.wholeSpot.frame).with("status", "\"ok\"").description
        #expect(bench.see(answer) == ["ignored answer"])
    }

    @Test func `all tickers come as rows, with a status like an answer's`() {
        let frame = """
            {"ch":"market.tickers","status":"ok","ts":1722857569936,"data":[{"symbol":"sylousdt","open":9.7E-4,\
            "high":0.001055,"low":8.29E-4,"close":8.97E-4,"amount":6.033648738732E8,"vol":566666.2460002552,"count":12651}]}
            """
        let seen = """
            ticker SYLO-USDT 0.000897 open 0.00097 high 0.001055 low 0.000829 volume 603364873.8732 \
            quote 566666.2460002552 number none at 1722857569936000
            """
        #expect(bench.see(frame) == [seen])
    }
}

extension String {
    func replacingFirst(_ part: String, _ other: String) -> String {
        guard let range = firstRange(of: part) else { return self }
        return String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
    }
}
