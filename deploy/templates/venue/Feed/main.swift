// Part of MarketBus. Apache License 2.0, see LICENSE.

import FeedKit
import Glibc
import __NAME__

exit(FeedService.run(__NAME__Venue(), port: __PORT__))
