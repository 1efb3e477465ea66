# Part of MarketBus. Apache License 2.0, see LICENSE.
"""When a candle is closed, and what becomes of frames for one that already is (EVENTS 23)."""

from dataclasses import dataclass, replace
from typing import Any, Optional

from .outcomes import Candle

REMEMBERED = 16


@dataclass(frozen=True)
class CandleUpdate:
    """What is published of a candle."""

    candle: Candle
    closed: bool
    revision: int = 0


class CandleSeries:
    """The candles of one symbol and interval, over all connections."""

    def __init__(self) -> None:
        self._closed: dict[int, tuple[tuple[Any, ...], int]] = {}
        self._newest_closed: Optional[int] = None
        self._open: Optional[Candle] = None

    def frame(self, candle: Candle) -> list[CandleUpdate]:
        """The updates that a frame gives, oldest first."""
        known = self._closed.get(candle.open_us)
        if known is not None:
            values, revision = known
            return [] if values == candle.values else [self._close(candle, revision + 1)]
        if self._newest_closed is not None and candle.open_us < self._newest_closed:
            return [self._close(candle)]
        updates = []
        before = self._open
        if before is not None and before.closed is None and candle.open_us > before.open_us:
            updates.append(self._close(before))
        if candle.closed:
            return updates + [self._close(candle)]
        if before is None or before.open_us <= candle.open_us:
            self._open = candle
        return updates + [CandleUpdate(candle, False)]

    def _close(self, candle: Candle, revision: int = 0) -> CandleUpdate:
        self._closed[candle.open_us] = (candle.values, revision)
        if len(self._closed) > REMEMBERED:
            del self._closed[next(iter(self._closed))]
        self._newest_closed = max(candle.open_us, self._newest_closed or 0)
        if self._open is not None and self._open.open_us == candle.open_us:
            self._open = None
        return CandleUpdate(replace(candle, closed=True), True, revision)
