# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Depth over venues and the cheapest split of an order, by trying every split."""

from decimal import Decimal
from functools import reduce
from itertools import combinations
from typing import Iterator, Optional

from .evaluation import FINEST, Facts, common_step
from .figures import ZERO, Level, floor_to, rounded, text, value_of

Venue = tuple[str, Optional[Facts], tuple[Level, ...]]


def depth(sides: list[tuple[str, tuple[Level, ...]]], is_bid: bool, top: int) -> str:
    """The best prices, each with its venues."""
    prices: dict[Decimal, list[tuple[str, Decimal]]] = {}
    for venue, levels in sides:
        for price, size in levels:
            prices.setdefault(price, []).append((venue, size))
    shown = []
    for price in sorted(prices, reverse=is_bid)[:top]:
        parts = sorted(prices[price], key=lambda part: (-part[1], part[0]))
        named = "+".join(f"{venue}/{text(size)}" for venue, size in parts)
        shown.append(f"{text(price)}/{text(sum((size for _, size in parts), ZERO))}/{named}")
    return ",".join(shown)


def _part_total(venue: Venue, size: Decimal, is_buy: bool) -> Optional[Decimal]:
    """What a venue's part costs or brings; None where it may not be."""
    walked = value_of(size, venue[2])
    if walked is None or size < venue[1].min_size or walked[0] < venue[1].min_value:
        return None
    return walked[0] * (1 + venue[1].taker if is_buy else 1 - venue[1].taker)


def _sizes(venues: tuple[Venue, ...], step: Decimal, left: Decimal) -> Iterator[tuple[Decimal, ...]]:
    """All ways to share at most so much among all of the venues."""
    if not venues:
        yield ()
        return
    size = step
    while size <= left and value_of(size, venues[0][2]) is not None:
        for rest in _sizes(venues[1:], step, left - size):
            yield (size, *rest)
        size += step


def cheapest(venues: list[Venue], size: Decimal, is_buy: bool) -> Optional[tuple[Decimal, Decimal, int]]:
    """Filled, total and number of venues of the best split; None where nothing can be done."""
    best = None
    for count in range(1, len(venues) + 1):
        for chosen in combinations(venues, count):
            step = reduce(common_step, (venue[1].lot for venue in chosen), None) or FINEST
            for sizes in _sizes(chosen, step, floor_to(size, step)):
                totals = [_part_total(venue, part, is_buy) for venue, part in zip(chosen, sizes)]
                if None in totals:
                    continue
                filled, total = sum(sizes, ZERO), sum(totals, ZERO)
                rank = (filled, -total if is_buy else total, -count)
                if best is None or rank > best[0]:
                    best = (rank, (filled, total, count))
    return best[1] if best else None


def route(venues: list[Venue], size: Decimal, is_buy: bool, mid: Optional[Decimal]) -> str:
    """What the judge must say before its parts."""
    tradable = [venue for venue in venues if venue[1].contract is None]
    best = cheapest(tradable, size, is_buy)
    filled, total = (best[0], best[1]) if best else (None, None)
    cost = bps = None
    if best and mid is not None:
        cost = total - mid * filled if is_buy else mid * filled - total
        bps = rounded(cost * 10000 / (mid * filled), 4)
    single = []
    for venue in venues:
        alone = cheapest([venue], size, is_buy) if venue in tradable else None
        single.append(f"{venue[0]}/{text(alone and alone[0])}/{text(alone and alone[1])}")
    return (
        f"route filled={text(filled)} total={text(total)} mid={text(mid)} cost={text(cost)} bps={text(bps)}"
        f" single={','.join(single)}"
    )


def parts_problem(said: str, venues: list[Venue], is_buy: bool) -> Optional[str]:
    """What is wrong with the parts that the judge named; they need not be ours where several are as good."""
    named = dict(word.split("=", 1) for word in said.split(" ") if "=" in word)
    known = {venue[0]: venue for venue in venues}
    filled, total, lots = ZERO, ZERO, []
    for part in filter(None, named["parts"].split(",")):
        name, size, value, fee, worst = part.split("/")
        venue = known[name]
        walked = value_of(Decimal(size), venue[2])
        cost = _part_total(venue, Decimal(size), is_buy)
        if cost is None or walked != (Decimal(value), Decimal(worst)) or Decimal(fee) != walked[0] * venue[1].taker:
            return f"the part of {name} is not allowed or not worth that"
        filled, total, lots = filled + Decimal(size), total + cost, [*lots, (Decimal(size), venue[1].lot)]
    if any(lot and size % lot for size, lot in lots):
        return "a part is off its venue's grid"
    if lots and (text(filled), text(total)) != (named["filled"], named["total"]):
        return "the parts do not make up the whole"
    return None
