# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The venues' sequence rules, one class a recipe.

A rule says whether a book must buffer while its snapshot loads, which buffered frames the snapshot already contains
(`stale`), which one joins it (`bridges`), and what a later frame is: "apply", "ignore", "gap" or "reset".
"""

from typing import Optional

from .outcomes import BookFrame


class Rule:
    """Frames in the order of one stream, with the snapshot in it: Coinbase, and HTX's old `step0` increments."""

    buffers = False
    horizon_stays = False

    def stale(self, snapshot: int, frame: BookFrame) -> bool:
        """Whether a snapshot already contains a frame."""
        return False

    def bridges(self, snapshot: int, frame: BookFrame) -> bool:
        """Whether a frame is the first that joins a snapshot."""
        return True

    def verdict(self, snapshot: int, last: int, frame: BookFrame) -> str:
        """What a frame is to a book that stands at `last` and began with a snapshot at `snapshot`."""
        return "apply"


class _Counted(Rule):
    """Frames that end at a number which only grows."""

    def verdict(self, snapshot: int, last: int, frame: BookFrame) -> str:
        assert frame.last is not None
        if self.follows(last, frame):
            return "apply"
        if frame.last <= snapshot:
            return "reset"
        return "ignore" if frame.last <= last else "gap"

    def follows(self, last: int, frame: BookFrame) -> bool:
        """Whether a frame is the next one."""
        raise NotImplementedError


class BinanceSpotRule(_Counted):
    """binance.md 3.4: drop `u <= lastUpdateId`; `U <= lastUpdateId + 1 <= u`; then no `U` beyond the last `u` + 1."""

    buffers = True
    horizon_stays = True

    def stale(self, snapshot: int, frame: BookFrame) -> bool:
        return frame.last <= snapshot

    def bridges(self, snapshot: int, frame: BookFrame) -> bool:
        return frame.first <= snapshot + 1 <= frame.last

    def follows(self, last: int, frame: BookFrame) -> bool:
        return frame.first <= last + 1 <= frame.last


class BinanceFuturesRule(_Counted):
    """binance.md 4.5: drop `u < lastUpdateId`; `U <= lastUpdateId <= u`, or `pu` is it; then `pu` is the last `u`."""

    buffers = True
    horizon_stays = True

    def stale(self, snapshot: int, frame: BookFrame) -> bool:
        return frame.last < snapshot

    def bridges(self, snapshot: int, frame: BookFrame) -> bool:
        return frame.first <= snapshot <= frame.last or frame.previous == snapshot

    def follows(self, last: int, frame: BookFrame) -> bool:
        return frame.previous == last and frame.last >= last


class OKXRule(Rule):
    """okx.md 4: `prevSeqId` is the stored `seqId`, which may fall back; frames without ids are taken as they come."""

    def verdict(self, snapshot: int, last: Optional[int], frame: BookFrame) -> str:
        if frame.last is None:
            return "apply" if frame.bids or frame.asks else "ignore"
        if frame.previous != last:
            return "gap"
        idle = frame.last == frame.previous and not frame.bids and not frame.asks
        return "ignore" if idle else "apply"


class MBPRule(_Counted):
    """htx.md 5: drop `prevSeqNum < seqNum` of the snapshot; the first kept one has it; then each has the last."""

    buffers = True

    def stale(self, snapshot: int, frame: BookFrame) -> bool:
        return frame.previous is not None and frame.previous < snapshot

    def bridges(self, snapshot: int, frame: BookFrame) -> bool:
        return frame.previous == snapshot

    def follows(self, last: int, frame: BookFrame) -> bool:
        return frame.previous == last


class VersionRule(_Counted):
    """htx.md 5, swaps: `version` grows by one."""

    def follows(self, last: int, frame: BookFrame) -> bool:
        return frame.last == last + 1


class PlainRule(Rule):
    """Nothing counts the frames; one without levels says nothing."""

    def verdict(self, snapshot: int, last: Optional[int], frame: BookFrame) -> str:
        return "apply" if frame.bids or frame.asks else "ignore"


def rule_of(venue: str, market: Optional[str], frame: BookFrame) -> Rule:
    """The rule of a channel."""
    if venue == "binance":
        return BinanceSpotRule() if market == "spot" else BinanceFuturesRule()
    if venue == "okx":
        return OKXRule()
    if frame.channel.startswith("mbp"):
        return MBPRule()
    return VersionRule() if frame.channel.endswith("high_freq") else PlainRule()
