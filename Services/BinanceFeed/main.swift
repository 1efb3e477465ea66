// Part of MarketBus. Apache License 2.0, see LICENSE.

import FeedKit
import Glibc
import Binance

exit(FeedService.run(BinanceVenue(), port: 9101))
