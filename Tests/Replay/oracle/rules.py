# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The venues' sequence rules, one class a recipe.

A rule says how a frame stands to the number that a book is at: it is the "next" one, it is "stale" (the book contains it),
or there is a "gap". `join` judges from a snapshot on until the first frame fits, `follow` every later one.
"""

from typing import Optional

from .outcomes import BookFrame


class Rule:
    """Frames in the order of one stream, counted by nothing: Coinbase, and HTX's old `step0` increments."""

    # Whether increments wait for a snapshot that is fetched; else it stands in the stream.
    buffers = False
    # Whether a snapshot's outermost prices stay the horizon; else the window moves with the book.
    horizon_stays = False

    def join(self, at: Optional[int], frame: BookFrame) -> str:
        """A frame from a snapshot on."""
        return self.follow(at, frame)

    def follow(self, at: Optional[int], frame: BookFrame) -> str:
        """A frame after another."""
        return "next"


class BinanceSpotRule(Rule):
    """binance.md 3.4: drop `u <= lastUpdateId`; `U <= lastUpdateId + 1 <= u`; then no `U` beyond the last `u` + 1."""

    buffers = True
    horizon_stays = True

    def follow(self, at: Optional[int], frame: BookFrame) -> str:
        if frame.last <= at:
            return "stale"
        return "next" if frame.first <= at + 1 else "gap"


class BinanceFuturesRule(Rule):
    """binance.md 4.5: drop `u < lastUpdateId`; `U <= lastUpdateId <= u`, or `pu` is it; then `pu` is the last `u`."""

    buffers = True
    horizon_stays = True

    def join(self, at: Optional[int], frame: BookFrame) -> str:
        if frame.last < at:
            return "stale"
        return "next" if frame.first <= at or frame.previous == at else "gap"

    def follow(self, at: Optional[int], frame: BookFrame) -> str:
        return _chained(at, frame)


class OKXRule(Rule):
    """okx.md 4: `prevSeqId` is the stored `seqId`, which may fall back; frames without ids are taken as they come."""

    def follow(self, at: Optional[int], frame: BookFrame) -> str:
        return "next" if frame.last is None or at is None else _chained(at, frame)


class MBPRule(Rule):
    """htx.md 5: drop `prevSeqNum < seqNum` of the snapshot; the first kept one has it; then each has the last."""

    buffers = True

    def join(self, at: Optional[int], frame: BookFrame) -> str:
        if frame.previous is not None and frame.previous < at:
            return "stale"
        return "next" if frame.previous == at else "gap"

    def follow(self, at: Optional[int], frame: BookFrame) -> str:
        return _chained(at, frame)


class VersionRule(Rule):
    """htx.md 5, swaps: `version` grows by one."""

    def follow(self, at: Optional[int], frame: BookFrame) -> str:
        if frame.last == at + 1:
            return "next"
        return "stale" if frame.last <= at else "gap"


def _chained(at: Optional[int], frame: BookFrame) -> str:
    if frame.previous == at:
        return "next"
    return "stale" if frame.last <= at else "gap"


def rule_of(venue: str, market: Optional[str], frame: BookFrame) -> Rule:
    """The rule of a channel."""
    if venue == "binance":
        return BinanceSpotRule() if market == "spot" else BinanceFuturesRule()
    if venue == "okx":
        return OKXRule()
    if frame.channel.startswith("mbp"):
        return MBPRule()
    return VersionRule() if frame.channel.endswith("high_freq") else Rule()
