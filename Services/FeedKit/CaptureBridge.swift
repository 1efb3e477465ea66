// Part of MarketBus. Apache License 2.0, see LICENSE.

import Store
import VenueKit

/// A capture's files take the lines of a feed's tape.
extension CaptureWriter: CaptureSink {}
