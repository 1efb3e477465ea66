// Part of MarketBus. Apache License 2.0, see LICENSE.

import Coinbase
import FeedKit
import Glibc

exit(FeedService.run(CoinbaseVenue(), port: 9104))
