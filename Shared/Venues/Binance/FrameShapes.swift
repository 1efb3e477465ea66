// Part of MarketBus. Apache License 2.0, see LICENSE.

import VenueKit

extension BinanceVenue {
    /// What tells frames apart, and what each kind looks like by the venue's documents.
    public var frameSheet: FrameSheet {
        FrameSheet(
            words: [
                FrameWord("stream", separator: "@", part: 1, endsAtDigit: true)
            ],
            shapes: Self.frameShapes
        )
    }

    // Made by deploy/scripts/frame-shapes.sh from Tests/Unit/DriftTests/Samples.
    private static let frameShapes = """
        spot stream=bookTicker {stream:s data:{u:n s:s b:s B:s a:s A:s}}
        spot stream=trade {stream:s data:{e:s E:n s:s t:n p:s q:s T:n m:b M:b}}
        spot stream=aggTrade {stream:s data:{e:s E:n s:s a:n p:s q:s f:n l:n T:n m:b M:b}}
        spot stream=kline_ {stream:s data:{e:s E:n s:s k:{t:n T:n s:s i:s f:n L:n o:s c:s h:s l:s v:s n:n
          x:b q:s V:s Q:s B:s}}}
        spot stream=depth {stream:s data:{e:s E:n s:s U:n u:n b:[(s s)] a:[(s s)]}}
        spot stream=ticker {stream:s data:{e:s E:n s:s p:s P:s w:s x:s c:s Q:s b:s B:s a:s A:s o:s h:s l:s
          v:s q:s O:n C:n F:n L:n n:n}}
        usdm,coinm stream=bookTicker {stream:s data:{e:s u:n E:n T:n s:s ps:s b:s B:s a:s A:s st:n}}
        usdm stream=aggTrade {stream:s data:{e:s E:n s:s a:n p:s q:s nq:s f:n l:n T:n m:b st:n}}
        coinm stream=aggTrade {stream:s data:{e:s E:n s:s a:n p:s q:s nq?:s f:n l:n T:n m:b st:n}}
        usdm,coinm stream=kline_ {stream:s data:{e:s E:n s:s k:{t:n T:n s:s i:s f:n L:n o:s c:s h:s l:s v:s
          n:n x:b q:s V:s Q:s B:s} st?:n}}
        usdm stream=markPrice {stream:s data:{e:s E:n s:s p:s i:s P:s r:s ap:s T:n st:n}}
        coinm stream=markPrice {stream:s data:{e:s E:n s:s p:s i?:s P:s r?:s ap?:s T:n st:n}}
        usdm,coinm stream=depth {stream:s data:{e:s E:n T:n s:s U:n u:n pu:n b:[(s s)] a:[(s s)] ps:s st:n}}
        usdm,coinm stream=ticker {stream:s data:{e:s E:n s:s p:s P:s w:s c:s Q:s o:s h:s l:s v:s q:s O:n C:n
          F:n L:n n:n ps:s st:n}}
        usdm,coinm stream=forceOrder {stream:s data:{e:s E:n o:{s:s S:s o:s f:s q:s p:s ap:s X:s l:s z:s
          T:n} ps:s st:n}}
        spot data,stream {stream:s data:{e:s E:n}}
        usdm,coinm stream=trade {stream:s data:{e:s E:n T:n s:s t:n p:s q:s X:s m:b st:n}}
        * id,result {result:0 id:n}
        * code,msg {code:n msg:s}
        * code,id,msg {code:n msg:s id:n}
        * error,id {error:{code:n msg:s} id:n}
        """
}
