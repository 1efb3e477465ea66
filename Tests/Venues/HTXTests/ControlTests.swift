// Part of MarketBus. Apache License 2.0, see LICENSE.

import HTX
import Testing
import VenueTestKit

/// Pings, acknowledgements and errors in HTX's dialects.
struct ControlTests {
    private let bench = Frames.bench()

    @Test(arguments: [
        ("{\"ping\":1492420473027}", "{\"pong\":1492420473027}"),
        ("{\"op\":\"ping\",\"ts\":\"1492420473058\"}", "{\"op\":\"pong\",\"ts\":\"1492420473058\"}"),
        ("{\"op\":\"ping\",\"ts\":1492420473058}", "{\"op\":\"pong\",\"ts\":1492420473058}"),
        (
            "{\"action\":\"ping\",\"data\":{\"ts\":1575537778295}}",
            "{\"action\":\"pong\",\"data\":{\"ts\":1575537778295}}"
        ),
    ])
    func `a ping is answered as it was spelled`(ping: String, pong: String) {
        #expect(bench.see(ping) == ["control ping \(pong)"])
    }

    @Test func `an acknowledgement names its request, or its topic`() {
        #expect(
            bench.see("{\"id\":\"17\",\"status\":\"ok\",\"subbed\":\"market.btcusdt.bbo\",\"ts\":1}")
                == ["control acknowledged 17"]
        )
        #expect(
            bench.see("{\"id\":null,\"subbed\":\"market.BTC_CW.trade.detail\",\"ts\":1,\"status\":\"ok\"}")
                == ["control acknowledged BTC_CW trade.detail"]
        )
        #expect(
            bench.see("{\"id\":\"18\",\"status\":\"ok\",\"unsubbed\":\"market.btcusdt.bbo\",\"ts\":1}")
                == ["control ended btcusdt bbo"]
        )
        let operation = "\"topic\":\"public.BTC-USDT.funding_rate\",\"ts\":1670903745088"
        #expect(
            bench.see("{\"op\":\"sub\",\"cid\":\"3\",\(operation),\"err-code\":0}") == [
                "control acknowledged 3"
            ]
        )
        #expect(
            bench.see("{\"op\":\"unsub\",\"cid\":\"3\",\(operation),\"err-code\":0}")
                == ["control ended BTC-USDT funding_rate"]
        )
    }

    @Test func `an error names its request and the venue's words`() {
        let spot = """
            {"id":"4","status":"error","ts":1489474081631,"err-code":"bad-request","err-msg":"invalid topic market.x.bb"}
            """
        #expect(bench.see(spot) == ["control refused 4 bad-request invalid topic market.x.bb: refuse"])
        let busy = spot.replacingFirst("bad-request", "too-many-request")
        #expect(bench.see(busy)[0].hasSuffix("retry(afterMilliseconds: 2000)"))
        let contract = """
            {"op":"sub","cid":"5","topic":"public.X.funding_rate","ts":1,"err-code":2011,"err-msg":"Contract doesnt exist"}
            """
        #expect(bench.see(contract) == ["control refused 5 2011 Contract doesnt exist: refuse"])
        let unnamed =
            "{\"ts\":1,\"status\":\"error\",\"err-code\":\"bad-request\",\"err-msg\":\"invalid ping\"}"
        #expect(bench.see(unnamed) == ["control refused none bad-request invalid ping: refuse"])
    }

    @Test func `the venue announces that it closes`() {
        #expect(bench.see("{\"op\":\"close\",\"ts\":1489474081631}") == ["control closing close"])
        #expect(
            bench.see("{\"op\":\"error\",\"err-code\":500,\"err-msg\":\"x\",\"ts\":1}")[0].hasPrefix(
                "control refused"
            )
        )
    }

    @Test func `what belongs to accounts is passed over`() {
        for frame in [
            "{\"action\":\"sub\",\"code\":200,\"ch\":\"orders#*\",\"data\":{}}",
            "{\"ch\":\"trade.clearing#*#1\",\"data\":{}}",
            "{\"action\":\"push\",\"ch\":\"accounts.update#1\",\"data\":{}}",
        ] {
            #expect(bench.see(frame) == ["ignored private"])
        }
        #expect(
            bench.see("{\"op\":\"notify\",\"topic\":\"orders.btc-usdt\",\"ts\":1}") == [
                "ignored notification"
            ]
        )
        #expect(bench.see("{\"sub\":\"market.btcusdt.bbo\"}") == ["dead unknown_frame"])
    }
}
