// Part of MarketBus. Apache License 2.0, see LICENSE.

import FeedKit
import Gateway
import Glibc

exit(FeedService.run(GatewayVenue(), port: 9105))
