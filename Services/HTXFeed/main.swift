// Part of MarketBus. Apache License 2.0, see LICENSE.

import FeedKit
import Glibc
import HTX

exit(FeedService.run(HTXVenue(), port: 9103))
