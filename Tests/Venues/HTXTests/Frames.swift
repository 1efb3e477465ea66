// Part of MarketBus. Apache License 2.0, see LICENSE.

import HTX
import Testing
