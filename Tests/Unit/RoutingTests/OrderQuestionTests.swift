// Part of MarketBus. Apache License 2.0, see LICENSE.

import FixedPoint
import Models
import Quotes
import Routing
import Testing

private func problems(_ symbol: String?, _ side: String?, _ size: String?) -> [String] {
    switch OrderQuestion.read(symbol: symbol, side: side, size: size) {
    case .success: []
    case .failure(let problems): problems.all.map(\.description)
    }
}

@Suite struct `A question about an order` {
    @Test func `is read from three words`() throws {
        let question = try OrderQuestion.read(symbol: "BTC-USDT-PERP", side: "sell", size: "2.50").get()
        #expect(question.symbol == "BTC-USDT-PERP" && !question.isBuy)
        #expect(question.size == (try ScaledDecimal("2.5")))
        #expect(problems("币-USDT", "buy", "1").isEmpty)
    }

    @Test func `names every field that is wrong, and how it is mended`() {
        #expect(
            problems("btc-usdt", "long", "-1") == [
                "symbol \"btc-usdt\" is no canonical symbol: write BTC-USDT",
                "side \"long\" is no side: write buy or sell",
                "size \"-1\" is no size above zero: write how much base currency, as in 2.5",
            ]
        )
        #expect(
            problems(nil, "", nil) == [
                "symbol is missing: write as in BTC-USDT or BTC-USDT-PERP",
                "side is missing: write buy or sell",
                "size is missing: write how much base currency, as in 2.5",
            ]
        )
    }

    @Test(arguments: ["", "-", "A", "A-", "-A", "A--B", "A-B-C-D", "A B-C", "BTC/USDT"])
    func `is refused without a canonical symbol`(_ symbol: String) {
        #expect(problems(symbol, "buy", "1").count == 1)
    }

    @Test(arguments: ["0", "", "x", "1x", "NaN", "2,5", "99999999999999999999999999999999999999999"])
    func `is refused without a size`(_ size: String) {
        #expect(problems("A-B", "buy", size).count == 1)
    }
}

@Suite struct `The cost of an order` {
    private func split(_ size: Int64, _ total: Int64) -> OrderSplit {
        OrderSplit(parts: [], size: ScaledDecimal(size), total: ScaledDecimal(total))
    }

    @Test func `is what it is worse than the middle`() throws {
        let buy = try #require(try split(4, 404).cost(isBuy: true, mid: ScaledDecimal(100)))
        #expect(buy.amount == ScaledDecimal(4) && buy.basisPoints == ScaledDecimal(100))
        let sell = try #require(try split(4, 404).cost(isBuy: false, mid: ScaledDecimal(100)))
        #expect(sell.amount == ScaledDecimal(-4) && sell.basisPoints == ScaledDecimal(-100))
        #expect(try split(4, 404).cost(isBuy: true, mid: .zero) == nil)
        #expect(try split(3, 10).average() == ScaledDecimal("3.333333333333"))
    }

    @Test func `is compared with ways of the same size only`() throws {
        let best = split(4, 400)
        #expect(try best.saving(over: split(4, 410), isBuy: true) == ScaledDecimal(10))
        #expect(try best.saving(over: split(4, 390), isBuy: false) == ScaledDecimal(10))
        #expect(try best.saving(over: split(3, 410), isBuy: true) == nil)
    }
}
