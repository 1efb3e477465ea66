// Part of MarketBus. Apache License 2.0, see LICENSE.

import VenueKit

extension OKXVenue {
    /// What tells frames apart, and what each kind looks like by the venue's documents.
    public var frameSheet: FrameSheet {
        FrameSheet(
            words: [
                FrameWord("event", isEnough: true), FrameWord("arg.channel", endsAtDigit: true),
            ],
            checksums: ["data[].checksum"],
            shapes: Self.frameShapes
        )
    }

    // Made by deploy/scripts/frame-shapes.sh from Tests/Unit/DriftTests/Samples.
    private static let frameShapes = """
        * event=channel-conn-count {event:s channel:s connCount:s connId:s}
        * event=channel-conn-count-error {event:s channel:s connCount:s connId:s}
        * event=notice {event:s code:s msg:s connId:s}
        * event=subscribe {id:s event:s arg:{channel:s instId?:s instType?:s} connId:s}
        * event=unsubscribe {event:s arg:{channel:s instId?:s instType?:s} connId:s id?:s}
        * event=error {event:s code:s msg:s connId:s id?:s}
        * channel=bbo-tbt {arg:{channel:s instId:s} data:[{asks:[(s s s s)] bids:[(s s s s)] ts:s seqId:n}]}
        * channel=tickers {arg:{channel:s instId:s} data:[{instType:s instId:s last:s lastSz:s askPx:s
          askSz:s bidPx:s bidSz:s open24h:s high24h:s low24h:s volCcy24h:s vol24h:s sodUtc0:s sodUtc8:s
          ts:s}]}
        * channel=trades {arg:{channel:s instId:s} data:[{instId:s tradeId:s px:s sz:s side:s ts:s count:s
          source:s seqId:n}]}
        * channel=candle {arg:{channel:s instId:s} data:[(s s s s s s s s s)]}
        * channel=funding-rate {arg:{channel:s instId:s} data:[{formulaType:s fundingRate:s fundingTime:s
          impactValue:s instId:s instType:s interestRate:s method:s maxFundingRate:s minFundingRate:s
          nextFundingRate?:s nextFundingTime:s premium:s settFundingRate:s settState:s ts:s}]}
        * channel=open-interest {arg:{channel:s instId:s} data:[{instId:s instType:s oi:s oiCcy:s oiUsd:s
          ts:s}]}
        * channel=mark-price {arg:{channel:s instId:s} data:[{instType:s instId:s markPx:s ts:s}]}
        * channel=books {arg:{channel:s instId:s} action:s data:[{asks:[(s s s s)] bids:[(s s s s)] ts:s
          prevSeqId:n seqId:n checksum?:n}]}
        * channel=liquidation-orders {arg:{channel:s instType:s} data:[{details:[{bkLoss:s bkPx:s ccy:s
          posSide:s side:s sz:s ts:s}] instFamily:s instId:s instType:s uly:s}]}
        * channel=index-tickers {arg:{channel:s instId:s} data:[{instId:s idxPx:s high24h:s low24h:s
          open24h:s sodUtc0:s sodUtc8:s ts:s}]}
        """
}
