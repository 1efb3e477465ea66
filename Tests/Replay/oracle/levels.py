# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Price levels as the venues send them."""

from typing import Any, Callable, Optional

from .contracts import Contract
from .numbers import amount_of, canonical, spell
from .outcomes import Level, Undecodable


def level(price: Any, size: Any, contract: Contract) -> Level:
    """One level, exact; refused where its spelling on the wire would be."""
    found = Level(amount_of(price), contract.exact_size(size), str(price), str(size))
    spell(found.price)
    spell(found.size)
    return found


def levels(rows: Any, contract: Contract, absent: bool = False) -> list[Level]:
    """One side of a book frame: rows of price and size. `absent` says that a missing or null side is an empty one."""
    if rows is None and absent:
        return []
    if not isinstance(rows, list):
        raise Undecodable("missing_field", "bids or asks")
    return [_row(row, contract) for row in rows]


def best(rows: Any, contract: Contract) -> tuple[Optional[str], Optional[str]]:
    """The first level of a side, spelled; None, None where the side is empty."""
    contract.sized()
    side = levels(rows[:1] if isinstance(rows, list) else rows, contract)
    return (spell(side[0].price), spell(side[0].size)) if side else (None, None)


def quoted(price: Any, size: Any, sized: Callable[[Any], str] = canonical) -> tuple[Optional[str], Optional[str]]:
    """One side of a quote; nobody bids or asks at the price 0 with the size 0 (EVENTS 16)."""
    pair = (canonical(price), sized(size))
    return (None, None) if pair == ("0", "0") else pair


def _row(row: Any, contract: Contract) -> Level:
    if not isinstance(row, list) or len(row) < 2:
        raise Undecodable("bad_field", "level")
    return level(row[0], row[1], contract)
