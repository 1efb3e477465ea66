# Part of MarketBus. Apache License 2.0, see LICENSE.
"""How long a silence is usual for a stream: the 99.9th percentile of the times between its records."""

from bisect import bisect_right
from typing import Optional

# Buckets four to an octave, from 1,024 microseconds to 26 octaves above.
EDGES = [(1 << octave) * (4 + quarter) // 4 for octave in range(10, 36) for quarter in range(4)] + [1 << 36]
EVERY = 256
HALVED_AT = 16_384


class Habits:
    """One stream's."""

    def __init__(self, least: int, most: int, samples: int) -> None:
        self.least, self.most, self.samples = least, most, samples
        self.counts = [0] * len(EDGES)
        self.noted = 0
        self.usual: Optional[int] = None

    def note(self, gap: int) -> None:
        """One more time between two records."""
        self.counts[min(bisect_right(EDGES, gap), len(EDGES) - 1)] += 1
        self.noted += 1
        if self.noted % EVERY:
            return
        total = sum(self.counts)
        if total >= self.samples:
            self.usual = next(
                EDGES[place] for place in range(len(EDGES)) if 1000 * sum(self.counts[: place + 1]) >= 999 * total
            )
        if total >= HALVED_AT:
            self.counts = [count // 2 for count in self.counts]

    @property
    def allowed(self) -> int:
        """How old the last record may be."""
        return self.most if self.usual is None else min(max(self.usual, self.least), self.most)
