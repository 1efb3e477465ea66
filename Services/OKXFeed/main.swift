// Part of MarketBus. Apache License 2.0, see LICENSE.

import FeedKit
import Glibc
import OKX

exit(FeedService.run(OKXVenue(), port: 9102))
