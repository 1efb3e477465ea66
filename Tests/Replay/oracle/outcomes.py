# Part of MarketBus. Apache License 2.0, see LICENSE.
"""What can become of a frame: events, a named reason to ignore it, or a dead letter."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Iterator, Optional

from .intervals import Interval


class Undecodable(Exception):
    """A frame that says it carries an event or an instrument and does not; `book` names the book it would have changed."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.book: Optional[tuple[str, str]] = None
        self.topic: Optional[str] = None


@contextmanager
def about(topic: str, book: Optional[tuple[str, str]] = None) -> Iterator[None]:
    """Names the topic, and the book, that whatever fails inside would have been about."""
    try:
        yield
    except Undecodable as problem:
        problem.topic = problem.topic or topic
        problem.book = problem.book or book
        raise


@dataclass(frozen=True)
class Event:
    """What every event says of itself, before it has a place in a sequence."""

    symbol: str
    venue_symbol: str
    exchange_us: Optional[int]


@dataclass(frozen=True)
class Trade(Event):
    """One trade; the side is the taker's."""

    trade_id: str
    price: str
    size: str
    side: str


@dataclass(frozen=True)
class Quote(Event):
    """A best bid and ask. An empty side is None, None."""

    venue_seq: Optional[int]
    bid: Optional[str]
    bid_size: Optional[str]
    ask: Optional[str]
    ask_size: Optional[str]


@dataclass(frozen=True)
class Candle(Event):
    """One frame's view of a candle. `closed` is None where the venue has no flag for it."""

    interval: Interval
    open_us: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    quote_volume: Optional[str]
    trades: Optional[int]
    closed: Optional[bool]
    venue_seq: Optional[int] = None

    @property
    def values(self) -> tuple[Any, ...]:
        """What makes a candle another one when it changes."""
        return (self.open, self.high, self.low, self.close, self.volume, self.quote_volume, self.trades)


@dataclass(frozen=True)
class Ticker(Event):
    """The last 24 hours."""

    last: Optional[str]
    open_24h: Optional[str]
    high_24h: Optional[str]
    low_24h: Optional[str]
    volume_24h: Optional[str]
    quote_volume_24h: Optional[str]
    venue_seq: Optional[int] = None


@dataclass(frozen=True)
class Funding(Event):
    """A funding frame; mark and index only where the frame itself carries them."""

    rate: Optional[str]
    next_funding_us: Optional[int]
    interval_us: Optional[int]
    mark: Optional[str] = None
    index: Optional[str] = None
    index_name: str = ""


@dataclass(frozen=True)
class Reference:
    """A mark price of a contract (by the venue's symbol) or an index (by its name): remembered, no event."""

    kind: str
    name: str
    price: str


@dataclass(frozen=True)
class OpenInterest(Event):
    """Open contracts, in contracts, base and quote."""

    contracts: Optional[str]
    base: Optional[str]
    quote: Optional[str]


@dataclass(frozen=True)
class Liquidation(Event):
    """A liquidation order as placed; the side is the order's."""

    price: str
    size: str
    side: str


@dataclass(frozen=True)
class Level:
    """One price of a book: exact, and spelled as the venue did (checksums are over the spelling)."""

    price: Decimal
    size: Decimal
    raw_price: str
    raw_size: str


@dataclass(frozen=True)
class BookFrame(Event):
    """One frame of a full-depth channel. `kind`: snapshot (begins anew), whole (a repeated full book) or update."""

    channel: str
    kind: str
    bids: list[Level]
    asks: list[Level]
    first: Optional[int] = None
    last: Optional[int] = None
    previous: Optional[int] = None
    checksum: Optional[int] = None
    depth: Optional[int] = None


@dataclass(frozen=True)
class Ignored:
    """A frame that was understood and gives no event; `kind` says what it is."""

    kind: str


@dataclass(frozen=True)
class DeadLetter:
    """A frame that could not be decoded, with the line of the input (from 1) where it stands."""

    line: int
    frame: str
    reason: str
    conn: str = ""
    received_us: int = 0
    topic: Optional[str] = None


@dataclass(frozen=True)
class Record:
    """One record as it must appear on a topic."""

    topic: str
    key: str
    value: dict[str, Any] = field(hash=False)
    line: int = 0
    top: Any = field(default=None, compare=False, repr=False)
