// Part of MarketBus. Apache License 2.0, see LICENSE.

import VenueKit

extension HTXVenue {
    /// What tells frames apart, and what each kind looks like by the venue's documents.
    public var frameSheet: FrameSheet {
        FrameSheet(
            words: [
                FrameWord("op"), FrameWord("topic", separator: ".", part: 2),
                FrameWord("rep", separator: ".", part: 2),
                FrameWord("ch", separator: ".", part: 2),
                FrameWord("ch", separator: ".", part: 3, endsAtDigit: true),
            ],
            shapes: Self.frameShapes
        )
    }

    // Made by deploy/scripts/frame-shapes.sh from Tests/Unit/DriftTests/Samples.
    private static let frameShapes = """
        * id,status,subbed,ts {id:s status:s subbed:s ts:n}
        * id,status,ts,unsubbed {id:s status:s unsubbed:s ts:n}
        spot rep=kline {rep:s status:s id:s data:[{id:n open:n close:n low:n high:n amount:n vol:n
          count:n}]}
        * err-code,err-msg,id,status,ts {id:s status:s ts:n err-code:s err-msg:s}
        * op=sub,topic=funding_rate {op:s cid:s topic:s ts:s|n err-code:n err-msg?:s}
        spot ch=bbo {ch:s ts:n tick:{seqId:n ask:n askSize:n bid:n bidSize:n quoteTime:n symbol:s}}
        spot ch=trade,ch=detail {ch:s ts:n tick:{id:n ts:n data:[{id:n ts:n tradeId:n amount:n price:n
          direction:s}]}}
        spot ch=kline,ch= {ch:s ts:n tick:{id:n open:n close:n low:n high:n amount:n vol:n count:n}}
        spot ch=ticker {ch:s ts:n tick:{open:n high:n low:n close:n amount:n vol:n count:n bid:n bidSize:n
          ask:n askSize:n lastPrice:n lastSize:n}}
        spot ch=depth,ch=step {ch:s ts:n tick:{bids:[(n n)] asks:[(n n)] version:n ts:n}}
        spot ch=mbp,ch=refresh {ch:s ts:n tick:{seqNum:n bids:[(n n)] asks:[(n n)]}}
        linear,inverse,futures ch=bbo {ch:s ts:n tick:{mrid:n id:n bid?:[n]|0 ask?:[n]|0 ts:n version:n
          ch:s}}
        linear ch=trade,ch=detail {ch:s ts:n tick:{id:n ts:n data:[{amount:n quantity:n trade_turnover:n
          ts:n id:n price:n direction:s}]}}
        linear ch=kline,ch= {ch:s ts:n tick:{id:n mrid:n open:n close:n high:n low:n amount:n vol:n
          trade_turnover:n count:n}}
        linear ch=detail {ch:s ts:n tick:{id:n mrid:n open:n close:n high:n low:n amount:n vol:n
          trade_turnover:n count:n ask:[n] bid:[n]}}
        linear op=notify,topic=funding_rate {op:s topic:s ts:n data:[{symbol:s contract_code:s fee_asset:s
          funding_time:s funding_rate:s settlement_time:s estimated_rate:s|0}]}
        * ch=mark_price,ch= {ch:s ts:n tick:{vol:s close:s count:s high:s id:n low:s open:s
          trade_turnover?:s amount:s}}
        spot ch=mbp,ch= {ch:s ts:n tick:{seqNum:n prevSeqNum:n asks?:[(n n)] bids?:[(n n)]}}
        spot rep=mbp {id:s rep:s status:s data:{seqNum:n bids?:[(n n)] asks?:[(n n)]}|0 ts?:n}
        linear ch=depth,ch=size_ {ch:s tick:{asks?:[(n n)] bids?:[(n n)] ch:s event:s id:n mrid:n ts:n
          version:n} ts:n}
        spot ch=detail {ch:s ts:n tick:{id:n low:n high:n open:n close:n vol:n amount:n version:n count:n}}
        * ping {ping:n}
        * op=ping {op:s ts:s|n}
        * op=close {op:s ts:n}
        * op=error {op:s ts:n}
        * err-code,err-msg,status,ts {ts:n status:s err-code:s err-msg:s}
        * op=sub,topic=liquidation_orders {op:s cid:s topic:s ts:s|n err-code:n err-msg?:s}
        * op=unsub,topic=funding_rate {op:s cid:s topic:s ts:n err-code:n}
        * op=unsub,topic=liquidation_orders {op:s cid:s topic:s ts:n err-code:n}
        * ch=index,ch= {ch:s ts:n tick:{vol:s close:s count:s high:s id:n low:s open:s amount:s
          trade_turnover?:s}}
        linear op=notify,topic=liquidation_orders {op:s topic:s ts:n data:[{contract_code:s direction:s
          offset:s volume:n price:n created_at:n amount:n trade_turnover:n business_type:s symbol?:s
          pair?:s}]}
        linear,inverse,futures ch=depth,ch=step {ch:s ts:n tick:{mrid:n id:n bids:[(n n)] asks:[(n n)] ts:n
          version:n ch:s}}
        inverse,futures ch=trade,ch=detail {ch:s ts:n tick:{id:n ts:n data:[{amount:n ts:n id:n price:n
          direction:s quantity:n}]}}
        inverse,futures ch=kline,ch= {ch:s ts:n tick:{id:n mrid:n open:n close:n high:n low:n amount:n vol:n
          count:n}}
        inverse,futures ch=detail {ch:s ts:n tick:{id:n mrid:n open:n close:n high:n low:n amount:n vol:n
          count:n ask:[n] bid:[n]}}
        inverse,futures op=notify,topic=funding_rate {op:s topic:s ts:n data:[{symbol:s contract_code:s
          fee_asset:s funding_time:s funding_rate:s estimated_rate:s|0 settlement_time:s}]}
        inverse,futures op=notify,topic=liquidation_orders {op:s topic:s ts:n data:[{symbol:s
          contract_code:s direction:s offset:s volume:n price:n created_at:n amount?:n}]}
        inverse,futures ch=depth,ch=size_ {ch:s tick:{ch:s event:s id:n mrid:n ts:n version:n asks?:[(n n)]
          bids?:[(n n)]} ts:n}
        """
}
