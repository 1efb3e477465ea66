# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Generated markets: every opportunity and every figure that the machines tell equals the oracle's, none more, none
fewer. `MARKETBUS_MARKETS=10000` plays more of them."""

import os
from decimal import Decimal

import pytest

from markets.compare import compare
from markets.evaluation import Facts, Leg, best
from programs import binary

JUDGE = binary("market-judge")
MARKETS = int(os.environ.get("MARKETBUS_MARKETS", "300"))


@pytest.mark.skipif(JUDGE is None, reason="market-judge is not built")
def test_every_step_and_figure_equals_the_oracle() -> None:
    comparison = compare(JUDGE, 0, MARKETS)
    assert comparison.differences == []
    # The markets are such that there is much to find; else the comparison proves little.
    found = {kind for kind, count in comparison.kinds.items() if count}
    assert {"spot_perpetual", "triangular", "cross_currency"} <= found or MARKETS < 300
    assert comparison.steps["open"] > MARKETS
    assert comparison.steps["open"] == comparison.steps["close"]


def legs(asks: list[tuple[str, str]], bids: list[tuple[str, str]], lot: str = "1", **facts: Decimal) -> list[Leg]:
    """Buying at the asks, selling to the bids, a thousandth each."""
    sides = []
    for is_buy, levels in ((True, asks), (False, bids)):
        terms = Facts("spot", "A", "T", Decimal("0.001"), Decimal(lot), **facts)
        sides.append(Leg(terms, is_buy, tuple((Decimal(price), Decimal(size)) for price, size in levels)))
    return sides


def test_the_oracle_takes_what_earns_and_no_more() -> None:
    """By hand: 100 + 0.1 = 100.1 against 101 - 0.101 = 100.899: 0.799 a unit for two units; the third loses."""
    worth = best(legs([("100", "2"), ("101", "9")], [("101", "5")]), Decimal(0), Decimal(0), None)
    assert worth and (worth.size, worth.profit, worth.cost) == (2, Decimal("1.598"), Decimal("200.2"))
    assert worth.edge == Decimal("79.8202")


def test_the_oracle_takes_a_lot_that_straddles_two_levels_where_it_earns() -> None:
    """Half a unit at 100 and half at 100.5 cost 100.35025 with fees, and bring 100.899."""
    worth = best(legs([("100", "0.5"), ("100.5", "9")], [("101", "1")]), Decimal(0), Decimal(0), None)
    assert worth and (worth.size, worth.profit) == (1, Decimal("0.54875"))


def test_the_oracle_obeys_minimums() -> None:
    sides = ([("100", "2"), ("101", "9")], [("101", "5")])
    worth = best(legs(*sides, min_size=Decimal(3)), Decimal(0), Decimal(0), None)
    # The third unit costs 101.101 and brings 100.899.
    assert worth and (worth.size, worth.profit) == (3, Decimal("1.396"))
    assert best(legs(*sides, min_value=Decimal(100_000)), Decimal(0), Decimal(0), None) is None
