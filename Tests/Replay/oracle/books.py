# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The book machine: buffer, bridge, apply, invalid, again (EVENTS 16 to 21).

It is told of frames in order and answers with what is published. A book is live from its snapshot's record to its
invalid record; only a live book gives deltas.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Optional

from .ladder import Ladder, Side, reaches
from .outcomes import BookFrame, Level
from .rules import Rule

RECUR_US = 10_000_000
RECUR_DELTAS = 1_000
SNAPSHOT_LEVELS = 1_000
STALE_FRAMES = 1_000
TOP = 25


@dataclass(frozen=True)
class BookUpdate:
    """One record of a book; `top` is what the book then holds, up to its horizon."""

    kind: str
    reason: Optional[str]
    exchange_us: Optional[int]
    received_us: int
    venue_seq: Optional[int]
    venue_prev_seq: Optional[int]
    book_epoch: int
    depth: Optional[int]
    horizon_bid: Optional[Decimal] = None
    horizon_ask: Optional[Decimal] = None
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()
    top: tuple[tuple[Level, ...], tuple[Level, ...]] = ((), ())


class BookMachine:
    """One book of one connection."""

    def __init__(self, rule: Rule, book_epoch: int = 0) -> None:
        self.rule = rule
        self.book_epoch = book_epoch
        self.ladder = Ladder()
        self.live = False
        self.depth: Optional[int] = None
        self._last: Optional[int] = None
        self._began: Optional[int] = None
        self._horizon: tuple[Optional[Decimal], Optional[Decimal]] = (None, None)
        self._shown_horizon = self._horizon
        self._waiting: list[tuple[BookFrame, int]] = []
        self._snapshot: Optional[tuple[BookFrame, int]] = None
        self._joined, self._stale = False, 0
        self._deltas = self._shown_us = 0

    @property
    def wants_snapshot(self) -> bool:
        """Whether frames are buffered that no snapshot has yet been found for."""
        return not self.live and bool(self._waiting) and self._snapshot is None

    def proven(self, count: Optional[int] = None) -> tuple[list[Level], list[Level]]:
        """The book as its readers can know it: up to its horizon and to that of the last snapshot record."""
        sides = ((self.ladder.bids, True), (self.ladder.asks, False))
        bids, asks = (
            [level for level in side.within(edge, count) if reaches(is_bids, level.price, shown)]
            for (side, is_bids), edge, shown in zip(sides, self._horizon, self._shown_horizon)
        )
        return bids, asks

    def frame(self, frame: BookFrame, received_us: int) -> list[BookUpdate]:
        """What a frame of the channel gives."""
        if frame.kind == "whole":
            return self._whole(frame, received_us)
        if frame.kind == "snapshot":
            return self._loaded(frame, received_us)
        if self.live:
            return self._next(frame, received_us)
        if self.rule.buffers:
            self._waiting.append((frame, received_us))
            return self._bridge() if self._snapshot is not None else []
        return []

    def broken(self, reason: str, received_us: int) -> list[BookUpdate]:
        """A frame of this book can't be read or is missing: neither it nor what waits can be trusted from here."""
        self._waiting, self._snapshot = [], None
        return self._invalid(reason, received_us)

    def _loaded(self, frame: BookFrame, received_us: int) -> list[BookUpdate]:
        """A snapshot: at once where it stands in the stream, else when a buffered frame joins it."""
        if not self.rule.buffers:
            return self._begin(frame, received_us)
        if self.live:
            return []
        if not self._waiting:
            return self._begin(frame, received_us)
        self._snapshot = (frame, received_us)
        return self._bridge()

    def _bridge(self) -> list[BookUpdate]:
        """Drops what the snapshot contains; if the next frame joins it, the book begins and the rest is applied."""
        assert self._snapshot is not None
        snapshot, received_us = self._snapshot
        while self._waiting and self.rule.join(snapshot.last, self._waiting[0][0]) == "stale":
            self._waiting.pop(0)
        if not self._waiting:
            return []
        if self.rule.join(snapshot.last, self._waiting[0][0]) == "gap":
            self._snapshot = None
            return []
        waiting, self._waiting, self._snapshot = self._waiting, [], None
        updates = self._begin(snapshot, received_us)
        for frame, arrived_us in waiting:
            updates += self.frame(frame, arrived_us)
        return updates

    def _begin(self, frame: BookFrame, received_us: int) -> list[BookUpdate]:
        """The book anew from a snapshot, unless something is wrong with that."""
        problem = self._take(frame)
        if problem is not None:
            return self._invalid(problem, received_us, frame)
        self.book_epoch = max(self.book_epoch + 1, received_us)
        self.live, self._joined, self._stale = True, False, 0
        return [self._shown(frame, received_us)]

    def _whole(self, frame: BookFrame, received_us: int) -> list[BookUpdate]:
        """A repeated full book: the next snapshot of the same epoch, nothing where it is the one before."""
        if self.live and frame.last == self._last:
            return []
        if not self.live or frame.last < self._last:
            return self._begin(frame, received_us)
        problem = self._take(frame)
        if problem is not None:
            return self._invalid(problem, received_us, frame)
        return [self._shown(frame, received_us)]

    def _take(self, frame: BookFrame) -> Optional[str]:
        """Replaces the book; says what is wrong with it."""
        self.ladder = Ladder(frame.bids, frame.asks)
        self.depth = frame.depth
        self._began = self._last = frame.last
        self._horizon = (None, None)
        if self.rule.horizon_stays:
            self._horizon = (self._edge(self.ladder.bids), self._edge(self.ladder.asks))
        self._cut()
        return self._wrong(frame)

    def _next(self, frame: BookFrame, received_us: int) -> list[BookUpdate]:
        """The next frame of a live book."""
        judge = self.rule.follow if self._joined else self.rule.join
        verdict = judge(self._last, frame)
        if verdict == "stale":
            return self._lost("reset", frame, received_us) if self._counts_anew(frame) else []
        if verdict == "gap":
            return self._lost("gap", frame, received_us)
        self._joined, self._stale = True, 0
        if not frame.bids and not frame.asks and frame.last == self._last:
            return []
        self.ladder.apply(frame.bids, frame.asks)
        self._cut()
        problem = self._wrong(frame)
        if problem is not None:
            return self._lost(problem, frame, received_us)
        self._last = frame.last
        return self._delta(frame, received_us)

    def _counts_anew(self, frame: BookFrame) -> bool:
        """Whether a number that the book is past means that the venue began to count anew: it lies before the snapshot
        that other frames have joined already, or so many such frames have come in a row."""
        self._stale += 1
        return (self._joined and frame.last <= self._began) or self._stale >= STALE_FRAMES

    def _lost(self, reason: str, frame: BookFrame, received_us: int) -> list[BookUpdate]:
        """Invalid; where a snapshot is loaded from elsewhere, buffering begins again with this frame."""
        self._waiting = [(frame, received_us)] if self.rule.buffers and reason != "undecodable" else []
        return self._invalid(reason, received_us, frame)

    def _wrong(self, frame: BookFrame) -> Optional[str]:
        if any(level.price == 0 for level in frame.bids + frame.asks):
            return "undecodable"
        if self.ladder.is_crossed:
            return "crossed"
        unordered = frame.last is None and frame.checksum not in (None, 0)
        return "checksum" if unordered and self.ladder.checksum() != frame.checksum else None

    def _cut(self) -> None:
        """A venue's window of the best levels: what left it is not told, so it is forgotten."""
        if self.depth is not None and not self.rule.horizon_stays:
            self.ladder.bids.cut(self.depth)
            self.ladder.asks.cut(self.depth)
            self._horizon = (self._edge(self.ladder.bids), self._edge(self.ladder.asks))

    def _edge(self, side: Side) -> Optional[Decimal]:
        return side.outermost() if self.depth is not None and len(side) >= self.depth else None

    def _delta(self, frame: BookFrame, received_us: int) -> list[BookUpdate]:
        bids = tuple(sorted(frame.bids, key=lambda level: level.price, reverse=True))
        asks = tuple(sorted(frame.asks, key=lambda level: level.price))
        updates = [self._update("delta", frame, received_us, frame.previous, self._horizon, bids, asks)]
        self._deltas += 1
        if self._deltas >= RECUR_DELTAS or received_us - self._shown_us >= RECUR_US:
            updates.append(self._shown(frame, received_us))
        return updates

    def _shown(self, frame: BookFrame, received_us: int) -> BookUpdate:
        """The whole book up to its horizon, at most so many levels a side: cut there, that is its horizon."""
        bids, asks = (side.within(edge) for side, edge in zip((self.ladder.bids, self.ladder.asks), self._horizon))
        self._shown_horizon = tuple(
            side[SNAPSHOT_LEVELS - 1].price if len(side) > SNAPSHOT_LEVELS else edge
            for side, edge in zip((bids, asks), self._horizon)
        )
        self._deltas, self._shown_us = 0, received_us
        bids, asks = bids[:SNAPSHOT_LEVELS], asks[:SNAPSHOT_LEVELS]
        return self._update("snapshot", frame, received_us, None, self._shown_horizon, tuple(bids), tuple(asks))

    def _invalid(self, reason: str, received_us: int, frame: Optional[BookFrame] = None) -> list[BookUpdate]:
        """One record for a book that was live; a book that never was has nothing to take back."""
        was_live, self.live = self.live, False
        self.ladder = Ladder()
        if not was_live:
            return []
        time, last, previous = (frame.exchange_us, frame.last, frame.previous) if frame else (None, None, None)
        return [BookUpdate("invalid", reason, time, received_us, last, previous, self.book_epoch, self.depth)]

    def _update(self, kind, frame, received_us, previous, horizon, bids, asks) -> BookUpdate:
        top = tuple(map(tuple, self.proven(TOP)))
        place = (frame.exchange_us, received_us, frame.last, previous, self.book_epoch, self.depth)
        return BookUpdate(kind, None, *place, *horizon, bids, asks, top)
