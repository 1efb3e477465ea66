// Part of MarketBus. Apache License 2.0, see LICENSE.

import VenueKit

extension __NAME__Venue {
    /// What tells frames apart, and what each kind looks like by the venue's documents.
    ///
    /// Empty, the first frame of a kind tells what is right. Name the words that tell kinds apart, put a documented frame of
    /// each kind into Tests/Unit/DriftTests/Samples, and let `deploy/scripts/frame-shapes.sh` write the shapes.
    public var frameSheet: FrameSheet { FrameSheet() }
}
