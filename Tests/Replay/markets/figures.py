# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Exact decimals and levels."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, setcontext
from typing import Iterable, Optional

# Wide enough that no sum or product of a script is ever rounded.
setcontext(Context(prec=120))

ZERO = Decimal(0)
Level = tuple[Decimal, Decimal]


def text(figure: Optional[Decimal]) -> str:
    """The canonical form: no exponent, no trailing zeros."""
    if figure is None:
        return "-"
    plain = format(figure.normalize(), "f")
    return "0" if plain in ("-0", "0") else plain


def rounded(figure: Decimal, decimals: int) -> Decimal:
    """To the nearest, halves to the even neighbour."""
    return figure.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)


def floor_to(figure: Decimal, step: Decimal) -> Decimal:
    """The greatest multiple of a step that is not above a figure that is not negative."""
    return (figure / step).to_integral_value(ROUND_FLOOR) * step


def ceil_to(figure: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of a step that is not below a figure."""
    return (figure / step).to_integral_value(ROUND_CEILING) * step


def value_of(size: Decimal, levels: Iterable[Level]) -> Optional[tuple[Decimal, Decimal]]:
    """Value and last price of taking a size, or None where there is not so much."""
    value, last = ZERO, ZERO
    for price, held in levels:
        if size <= 0:
            break
        part = min(size, held)
        value, size, last = value + price * part, size - part, price
    return None if size > 0 else (value, last)


def depth_of(levels: Iterable[Level]) -> Decimal:
    """All that is offered."""
    return sum((size for _, size in levels), ZERO)
