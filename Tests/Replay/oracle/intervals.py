# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Candle intervals: their names on the wire and where they end (EVENTS 22)."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SPANS = {"s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND, "d": 86_400 * SECOND, "w": 7 * 86_400 * SECOND}
NAMES = "1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1mo".split()


@dataclass(frozen=True)
class Interval:
    """A span whose borders lie in a time zone so many hours east of UTC."""

    span: str
    zone_hours: int = 0

    @property
    def name(self) -> str:
        """The name on the wire: with its zone where the borders are not UTC's."""
        return self.span if self._borders_are_utc else f"{self.span}{self.zone_hours:+d}"

    def close_us(self, open_us: int) -> int:
        """The end of the candle that opens there; of a month the first of the next one."""
        if self.span != "1mo":
            return open_us + span_us(self.span)
        zone = timezone(timedelta(hours=self.zone_hours))
        opened = datetime.fromtimestamp(open_us // SECOND, zone)
        year, month = opened.year + opened.month // 12, opened.month % 12 + 1
        return (datetime(year, month, 1, tzinfo=zone) - _EPOCH) // timedelta(seconds=1) * SECOND

    @property
    def _borders_are_utc(self) -> bool:
        whole = self.span not in ("3d", "1w", "1mo") and (self.zone_hours * span_us("1h")) % span_us(self.span) == 0
        return self.zone_hours == 0 or whole


def span_us(span: str) -> int:
    """The length of a span that is always equally long."""
    return int(span[:-1]) * _SPANS[span[-1]]
