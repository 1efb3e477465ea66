# Part of MarketBus. Apache License 2.0, see LICENSE.
"""What can become of a frame: events, a named reason to ignore it, or a dead letter."""

from dataclasses import dataclass, field
from typing import Any, Optional


class Undecodable(Exception):
    """A frame that says it carries a trade, a quote or an instrument and does not."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


@dataclass(frozen=True)
class Trade:
    """One trade, before it has a place in a sequence."""

    symbol: str
    venue_symbol: str
    exchange_us: Optional[int]
    trade_id: str
    price: str
    size: str
    side: str


@dataclass(frozen=True)
class Quote:
    """A best bid and ask, before it has a place in a sequence. An empty side is None, None."""

    symbol: str
    venue_symbol: str
    exchange_us: Optional[int]
    venue_seq: Optional[int]
    bid: Optional[str]
    bid_size: Optional[str]
    ask: Optional[str]
    ask_size: Optional[str]


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


@dataclass(frozen=True)
class Record:
    """One record as it must appear on a topic."""

    topic: str
    key: str
    value: dict[str, Any] = field(hash=False)
    line: int = 0
