# Part of MarketBus. Apache License 2.0, see LICENSE.
"""What a route is worth, by trying every size on the lot grid."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import gcd
from typing import Callable, Optional

from .figures import ZERO, Level, ceil_to, depth_of, floor_to, rounded, value_of

FINEST = Decimal("0.00000001")
CURVE_POINTS = 32


@dataclass(frozen=True)
class Facts:
    """What a venue's instrument allows and charges."""

    kind: str
    base: str
    quote: str
    taker: Decimal
    lot: Optional[Decimal] = None
    min_size: Decimal = ZERO
    min_value: Decimal = ZERO
    contract: Optional[Decimal] = None


@dataclass(frozen=True)
class Leg:
    """One market as a taker meets it."""

    facts: Facts
    is_buy: bool
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class Worth:
    """The figures of the best size."""

    size: Decimal
    cost: Decimal
    profit: Decimal
    funding: Optional[Decimal]
    edge: Decimal
    fills: tuple[tuple[Decimal, ...], ...]
    curve: tuple[tuple[Decimal, Decimal], ...]


@dataclass
class Trade:
    """One size, carried out."""

    size: Decimal
    cost: Decimal
    profit: Decimal
    objective: Decimal
    sizes: list[Decimal]
    is_allowed: bool


def common_step(left: Optional[Decimal], right: Optional[Decimal]) -> Decimal:
    """The least common multiple; a venue that states no step has any."""
    if not left or not right:
        return left or right or FINEST
    places = -min(left.as_tuple().exponent, right.as_tuple().exponent, 0)
    first, second = int(left.scaleb(places)), int(right.scaleb(places))
    return Decimal(first * second // gcd(first, second)).scaleb(-places)


def pieces(size: Decimal, asks: tuple[Level, ...], bids: tuple[Level, ...]) -> Optional[list[tuple[Decimal, ...]]]:
    """The parts of a size that meet one ask and one bid each."""
    parts, row, column, used_ask, used_bid = [], 0, 0, ZERO, ZERO
    while size > 0:
        if row == len(asks) or column == len(bids):
            return None
        part = min(size, asks[row][1] - used_ask, bids[column][1] - used_bid)
        parts.append((asks[row][0], bids[column][0], part))
        size, used_ask, used_bid = size - part, used_ask + part, used_bid + part
        if used_ask == asks[row][1]:
            row, used_ask = row + 1, ZERO
        if used_bid == bids[column][1]:
            column, used_bid = column + 1, ZERO
    return parts


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def pair_trade(buy: Leg, sell: Leg, size: Decimal, edge: Decimal, value: Decimal, carry: Decimal) -> Optional[Trade]:
    """Buying a size here and selling it there."""
    parts = pieces(size, buy.levels, sell.levels)
    if parts is None:
        return None
    contract = buy.facts.contract
    paid = sum((ask * part for ask, _, part in parts), ZERO)
    got = sum((bid * part for _, bid, part in parts), ZERO)
    fee_in, fee_out = 1 + buy.facts.taker, 1 - sell.facts.taker
    if contract is None:
        cost = paid * fee_in
        profit = got * fee_out - cost + carry * size
        objective = profit - cost * edge
        values = (paid, got)
    else:
        # In base currency every piece is contracts times worth by price; the profit is told in quote currency.
        cost = size * contract * fee_in
        exact = wanted = Fraction(0)
        for ask, bid, part in parts:
            base = Fraction(part * contract) / Fraction(ask)
            exact += base * Fraction(bid * fee_out - ask * fee_in)
            wanted += base * Fraction(bid * fee_out - ask * fee_in * (1 + edge))
        profit, objective = rounded(_decimal(exact), 8), _decimal(wanted)
        values = (size * contract, size * contract)
    allowed = (
        size >= max(buy.facts.min_size, sell.facts.min_size)
        and values[0] >= max(buy.facts.min_value, value)
        and values[1] >= sell.facts.min_value
    )
    return Trade(size, cost, profit, objective, [size, size], allowed)


def cycle_trade(legs: list[Leg], size: Decimal, edge: Decimal, value: Decimal) -> Optional[Trade]:
    """A size of the first leg, and all that it brings through the others."""
    amount, cost, sizes, allowed = ZERO, ZERO, [], True
    for index, leg in enumerate(legs):
        lot = leg.facts.lot or FINEST
        factor = 1 + leg.facts.taker if leg.is_buy else 1 - leg.facts.taker
        if index == 0:
            part = size
        elif leg.is_buy:
            part = floor_to(affordable(amount, leg.levels, factor), lot)
        else:
            part = floor_to(min(amount, depth_of(leg.levels)), lot)
        if part <= 0:
            return Trade(size, cost, -cost, -cost, sizes, False)
        walked = value_of(part, leg.levels)
        if walked is None:
            return None
        least = leg.facts.min_value if index else max(leg.facts.min_value, value)
        allowed = allowed and part >= leg.facts.min_size and walked[0] >= least
        if index == 0:
            cost = walked[0] * factor if leg.is_buy else part
        amount = part if leg.is_buy else walked[0] * factor
        sizes.append(part)
    return Trade(size, cost, amount - cost, amount - cost * (1 + edge), sizes, allowed)


def affordable(amount: Decimal, levels: tuple[Level, ...], factor: Decimal) -> Decimal:
    """How much can be bought for an amount, fee included."""
    bought = ZERO
    for price, size in levels:
        part = min(size, amount / (price * factor))
        bought, amount = bought + part, amount - part * price * factor
        if part < size:
            break
    return bought


def best(legs: list[Leg], edge: Decimal, value: Decimal, carry: Optional[Decimal]) -> Optional[Worth]:
    """The size that maximises profit less the least edge times cost, the smallest of equals, and its figures."""
    if not all(leg.levels for leg in legs):
        return None
    trade_of: Callable[[Decimal], Optional[Trade]]
    if len(legs) == 2:
        if legs[0].facts.contract != legs[1].facts.contract:
            return None
        step = common_step(legs[0].facts.lot, legs[1].facts.lot)
        trade_of = lambda size: pair_trade(legs[0], legs[1], size, edge, value, carry or ZERO)  # noqa: E731
        shown = legs
    else:
        step = legs[0].facts.lot or FINEST
        trade_of = lambda size: cycle_trade(legs, size, edge, value)  # noqa: E731
        shown = legs[:1]
    chosen, least, size = None, None, step
    while (trade := trade_of(size)) is not None:
        if trade.is_allowed:
            least = least or size
            if trade.objective > (chosen.objective if chosen else ZERO):
                chosen = trade
        size += step
    if chosen is None or least is None:
        return None
    return _worth(legs, chosen, carry, _curve(shown, step, least, chosen.size, trade_of))


def _curve(
    shown: list[Leg], step: Decimal, least: Decimal, top: Decimal, trade_of: Callable[[Decimal], Optional[Trade]]
) -> list[tuple[Decimal, Decimal]]:
    ends = {top}
    for leg in shown:
        total = ZERO
        for _, size in leg.levels:
            total += size
            if least <= floor_to(total, step) and total < top:
                ends.add(floor_to(total, step))
    sizes = sorted(ends - {top})[: CURVE_POINTS - 1] + [top]
    trades = [trade_of(size) for size in sizes]
    return [(trade.size, trade.profit) for trade in trades if trade]


def _worth(legs: list[Leg], trade: Trade, carry: Optional[Decimal], curve: list[tuple[Decimal, Decimal]]) -> Worth:
    fills = []
    for leg, size in zip(legs, trade.sizes):
        value, worst = value_of(size, leg.levels) or (ZERO, ZERO)
        fills.append((size, value, leg.levels[0][0], leg.levels[0][1], worst))
    funding = None if carry is None else carry * trade.size
    edge = rounded(trade.profit * 10000 / trade.cost, 4)
    return Worth(trade.size, trade.cost, trade.profit, funding, edge, tuple(fills), tuple(curve))
