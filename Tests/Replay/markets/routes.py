# Part of MarketBus. Apache License 2.0, see LICENSE.
"""All routes through a market's instruments, by trying every pair and every three."""

from dataclasses import dataclass
from itertools import permutations

from .evaluation import Facts

HOME = ("USDT", "USDC", "USD")
Market = tuple[str, str]


@dataclass
class Route:
    """Markets that lead from a currency back to it."""

    kind: str
    legs: tuple[tuple[Market, bool], ...]
    last_opened: int = -(2**63)

    @property
    def name(self) -> str:
        """What it is called."""
        markets = [market for market, _ in self.legs]
        if len(markets) == 2 and markets[0][0] == markets[1][0]:
            return f"{markets[0][0]}:{markets[0][1]}:{markets[1][1]}"
        parts = [f"{'+' if is_buy else '-'}{symbol}@{venue}" for (symbol, venue), is_buy in self.legs]
        return ":".join([self.kind, *parts])


def find_routes(known: dict[Market, Facts], conversions: set[Market]) -> list[Route]:
    """Every route that the instruments allow."""
    found: list[Route] = []
    spots = {market: facts for market, facts in known.items() if facts.kind == "spot"}
    for (one, left), (two, right) in permutations(known.items(), 2):
        kinds = {left.kind, right.kind}
        legs = ((one, True), (two, False))
        if one[0] == two[0] and one[1] != two[1] and len(kinds) == 1 and "future" not in left.kind:
            kind = "cross_venue_spot" if left.kind == "spot" else "cross_venue_perpetual"
            found.append(Route(kind, legs))
        elif kinds == {"spot", "linear_perpetual"} and (left.base, left.quote) == (right.base, right.quote):
            found.append(Route("spot_perpetual", legs))
    for trio in permutations(spots, 3):
        if len({venue for _, venue in trio}) == 1:
            found += _triangle(trio, spots)
        elif trio[2] in conversions:
            found += _crossing(trio, spots)
    return found


def _triangle(trio: tuple[Market, ...], spots: dict[Market, Facts]) -> list[Route]:
    currencies = {name for market in trio for name in (spots[market].base, spots[market].quote)}
    if len(currencies) != 3:
        return []
    start = next((name for name in HOME if name in currencies), min(currencies))
    held, legs = start, []
    for market in trio:
        facts = spots[market]
        if held not in (facts.base, facts.quote):
            return []
        legs.append((market, held == facts.quote))
        held = facts.base if held == facts.quote else facts.quote
    return [Route("triangular", tuple(legs))] if held == start else []


def _crossing(trio: tuple[Market, ...], spots: dict[Market, Facts]) -> list[Route]:
    buy, sell, back = (spots[market] for market in trio)
    if buy.base != sell.base or {buy.quote, sell.quote} != {back.base, back.quote} or buy.quote == sell.quote:
        return []
    legs = ((trio[0], True), (trio[1], False), (trio[2], back.base == buy.quote))
    return [Route("cross_currency", legs)]
