# Part of MarketBus. Apache License 2.0, see LICENSE.
"""`python -m quotes FIRST COUNT`: compares by hand and says what was found."""

import sys
import time

from programs import binary

from .compare import compare

judge = binary("market-judge")
if judge is None:
    sys.exit("market-judge is not built")
first, count = int(sys.argv[1]), int(sys.argv[2])
began = time.monotonic()
comparison = compare(judge, first, count)
print("\n\n".join(comparison.differences))
print(
    f"{comparison.runs} runs, {comparison.events} events, {len(comparison.differences)} differ,"
    f" {time.monotonic() - began:.1f} s"
)
print(dict(comparison.seen))
