// Part of MarketBus. Apache License 2.0, see LICENSE.

/// A few frames of each venue's documents, where nothing recorded is at hand.
enum DocumentedFrames {
    static func of(_ venue: FuzzedVenue) -> [String] {
        switch venue {
        case .binance: binance
        case .okx: okx
        case .htx: htx
        case .coinbase: coinbase
        case .gateway: gateway
        }
    }

    private static let binance = [
        """
        {"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.001","q":"100","T":1672515782136,"m":true,\
        "M":true}
        """,
        """
        {"e":"aggTrade","E":1700000000123,"s":"BNBUSDT","a":5933014,"p":"310.10","q":"100","nq":"100","f":100,\
        "l":105,"T":1700000000120,"m":true,"st":1}
        """,
        """
        {"stream":"bnbusdt@bookTicker","data":{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000",\
        "a":"25.36520000","A":"40.66000000"}}
        """,
        """
        {"e":"bookTicker","u":400900217,"E":1568014460893,"T":1568014460891,"s":"BNBUSD_PERP","b":"25.35",\
        "B":"31","a":"25.36","A":"40","st":2}
        """,
        "{\"result\":null,\"id\":1}", "{\"error\":{\"code\":2,\"msg\":\"no\"},\"id\":1}",
        """
        {"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":157,"u":160,"b":[["0.0024","10"]],"a":[["0.0026","100"]]}
        """,
        """
        {"e":"kline","E":1672515782136,"s":"BNBBTC","k":{"t":1672515780000,"T":1672515839999,"s":"BNBBTC","i":"1m",\
        "f":100,"L":200,"o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015","v":"1000","n":100,"x":false,"q":"1.0000",\
        "V":"500","Q":"0.500","B":"123456"}}
        """,
    ]

    private static let okx = [
        """
        {"arg":{"channel":"bbo-tbt","instId":"BCH-USDT-SWAP"},"data":[{"asks":[["111.06","55154","0","2"]],\
        "bids":[["111.05","57745","0","2"]],"ts":"1670324386802","seqId":363996337}]}
        """,
        """
        {"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"2978601964",\
        "px":"83725.9","sz":"5","side":"buy","ts":"1791369350776","count":"1","seqId":344430848209}]}
        """,
        "{\"id\":\"1512\",\"event\":\"subscribe\",\"arg\":{\"channel\":\"trades\",\"instId\":\"BTC-USDT\"}}",
        "{\"event\":\"error\",\"code\":\"60012\",\"msg\":\"Invalid request\",\"connId\":\"a4d3ae55\"}",
        "pong",
        """
        {"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["8476.98","415","0","13"]],\
        "bids":[["8476.97","256","0","12"]],"ts":"1597026383085","checksum":0,"prevSeqId":123455,"seqId":123456}]}
        """,
    ]

    private static let htx = [
        """
        {"ch":"market.btcusdt.bbo","ts":1630994555540,"tick":{"seqId":137005210233,"ask":52665.02,"askSize":1.502181,\
        "bid":52665.01,"bidSize":0.178567,"quoteTime":1630994555539,"symbol":"btcusdt"}}
        """,
        """
        {"ch":"market.btcusdt.trade.detail","ts":1630994963175,"tick":{"id":137005445109,"ts":1630994963173,\
        "data":[{"id":137005445109359286410323766,"ts":1630994963173,"tradeId":102523573486,"amount":0.006754,\
        "price":52648.62,"direction":"buy"}]}}
        """,
        """
        {"ch":"market.btcusdt.mbp.150","ts":1573199608679,"tick":{"seqNum":100020146795,"prevSeqNum":100020146794,\
        "bids":[],"asks":[[645.140000000000000000,26.755973959140651643]]}}
        """,
        "{\"ping\":1492420473027}",
        "{\"id\":\"7\",\"status\":\"ok\",\"subbed\":\"market.btcusdt.bbo\",\"ts\":1}",
    ]

    private static let coinbase = [
        """
        {"type":"match","trade_id":10,"sequence":50,"maker_order_id":"a","taker_order_id":"b",\
        "time":"2014-11-07T08:19:27.028459Z","product_id":"BTC-USD","size":"5.23512","price":"400.23","side":"sell"}
        """,
        """
        {"type":"l2update","product_id":"BTC-USD","changes":[["buy","22356.27","0.00000000"],["sell","22357.1","1.5"]],\
        "time":"2022-08-04T15:25:05.010758Z"}
        """,
        """
        {"type":"snapshot","product_id":"BTC-USD","bids":[["10101.10","0.45054140"]],"asks":[["10102.55","0.57753524"]]}
        """,
        """
        {"channel":"market_trades","timestamp":"2023-02-09T20:19:35.39625135Z","sequence_num":0,"events":[{\
        "type":"snapshot","trades":[{"trade_id":"0","product_id":"BTC-USD","price":"1260.01","size":"0.3",\
        "side":"BUY","time":"2019-08-14T20:42:27.265Z"}]}]}
        """,
    ]

    private static let gateway = [
        """
        {"type":"CONNECT","csrf_token":"twin-csrf-token","market_type":"spot","symbols":["BTC-USDT",\
        "ETH-USDT"],"resolutions":["1m","1h"],"ticks":["trade","quote"]}
        """,
        """
        {"type":"SUBSCRIBE","request":"7","symbols":["SOL-USDT"],"resolutions":["1m"],"ticks":["trade"]}
        """,
        """
        {"type":"UNSUBSCRIBE","request":"8","symbols":["ETH-USDT"],"resolutions":[],"ticks":["quote"]}
        """,
        """
        {"type":"PONG","id":1763731205000000}
        """,
        """
        {"type":"CONNECTED","session":"5f3a9c01","market_type":"spot","symbols":["BTC-USDT","ETH-USDT"],\
        "resolutions":["1m","1h"],"ticks":["trade","quote"],"heartbeat_ms":5000,"time_us":1763731200000000}
        """,
        """
        {"type":"SUBSCRIBED","request":"7","symbols":["SOL-USDT"],"resolutions":["1m"],"ticks":["trade"],\
        "time_us":1763731201000000}
        """,
        """
        {"type":"UNSUBSCRIBED","request":"8","symbols":["ETH-USDT"],"resolutions":[],"ticks":["quote"],\
        "time_us":1763731202000000}
        """,
        """
        {"type":"TRADE","symbol":"BTC-USDT","id":81204417,"price":"83712.55","size":"0.0142","side":"buy",\
        "time_us":1763731200123456}
        """,
        """
        {"type":"QUOTE","symbol":"BTC-USDT","seq":900123,"bid":"83712.54","bid_size":"0.61",\
        "ask":"83712.55","ask_size":"0.2","time_us":1763731200123999}
        """,
        """
        {"type":"BAR","symbol":"BTC-USDT","resolution":"1m","open_us":1763731200000000,"open":"83700",\
        "high":"83720.1","low":"83699.9","close":"83712.55","volume":"12.0442","quote_volume":"1008163.55",\
        "trades":318,"closed":false,"time_us":1763731230000000}
        """,
        """
        {"type":"PING","id":1763731205000000}
        """,
        """
        {"type":"CLOSING","reason":"maintenance","in_ms":30000}
        """,
        """
        {"type":"ERROR","code":"UNKNOWN_SYMBOL","symbol":"FOO-USDT","message":"no such symbol on spot",\
        "fatal":false}
        """,
        """
        {"type":"ERROR","code":"UNKNOWN_RESOLUTION","request":"9","resolution":"7m",\
        "message":"no such resolution","fatal":false}
        """,
        """
        {"type":"ERROR","code":"BAD_TOKEN","message":"csrf token refused","fatal":true}
        """,
        """
        {"instruments":[{"symbol":"BTC-USDT","market_type":"spot","base":"BTC","quote":"USDT","settle":null,\
        "tick_size":"0.01","lot_size":"0.00001","min_size":"0.00001","contract_size":null,\
        "status":"trading"}]}
        """,
        """
        {"symbol":"BTC-USDT","trades":[{"id":81204417,"price":"83712.55","size":"0.0142","side":"buy",\
        "time_us":1763731200123456}]}
        """,
        """
        {"symbol":"BTC-USDT","resolution":"1m","bars":[{"open_us":1763731140000000,"open":"83690",\
        "high":"83701","low":"83688","close":"83700","volume":"9.31","quote_volume":"779204.1","trades":204,\
        "closed":true,"time_us":1763731200000000}]}
        """,
    ]
}
