#!/usr/bin/env bash
# Part of MarketBus. Apache License 2.0, see LICENSE.
# Makes Shared/Venues/*/FrameShapes.swift anew from the documented frames in Tests/Unit/DriftTests/Samples and,
# where MARKETBUS_RECORDED_DATA names the recorded messages, the lists of how those differ. Look at the difference.
set -euo pipefail
cd "$(dirname "$0")/../.."
# The second time with the shapes of the first built in.
for _ in 1 2; do
    MARKETBUS_WRITE_SHAPES=1 swift test --filter 'DriftTests.SheetTests' >/dev/null
done
git diff --stat -- Shared/Venues Tests/Unit/DriftTests/Samples
