# Part of MarketBus. Apache License 2.0, see LICENSE.
"""What the drills of aggregators hold for a fault: every number that is missing, but for those that were announced."""

from typing import Any

from harness.told import Losses

STREAM = ("agg.quote.v1", "one", "7", "A-USDT")


def hole(first: int, last: int, **other: Any) -> dict[str, Any]:
    """A record of `sys.integrity.v1` with a hole of the stream, or of one that differs."""
    value = {"topic": STREAM[0], "feed": STREAM[1], "epoch": int(STREAM[2]), "symbol": STREAM[3], **other}
    numbers = {"epoch": value["epoch"], "symbol": value["symbol"], "first_seq": first, "last_seq": last}
    return {"topic": value["topic"], "feed": value["feed"], "holes": [{**numbers, "reason": "conflated"}]}


def told(*numbers: int) -> Losses:
    losses = Losses()
    for number in numbers:
        assert losses.told(STREAM, number) is None
    return losses


def test_contiguous_numbers_are_no_fault() -> None:
    assert told(1, 2, 3).faults() == []


def test_a_missing_number_is_a_fault_until_it_is_announced() -> None:
    losses = told(1, 5, 6)
    assert "2-4 missing" in losses.faults()[0] and losses.announced_count == 0
    losses.announced(hole(2, 3))
    assert "4 missing" in losses.faults()[0] and losses.announced_count == 2
    losses.announced(hole(4, 4))
    assert losses.faults() == [] and losses.announced_count == 3 and losses.reasons == {"conflated": 3}


def test_an_announcement_may_come_first() -> None:
    losses = told(1)
    losses.announced(hole(2, 9))
    assert losses.faults() == [] and losses.announced_count == 0
    assert losses.told(STREAM, 10) is None
    assert losses.faults() == [] and losses.announced_count == 8


def test_another_streams_announcement_explains_nothing() -> None:
    for other in ({"topic": "arb.opportunity.v1"}, {"feed": "two"}, {"epoch": 8}, {"symbol": "B-USDT"}):
        losses = told(1, 3)
        losses.announced(hole(2, 2, **other))
        assert len(losses.faults()) == 1, other


def test_what_was_announced_as_lost_and_told_is_a_fault() -> None:
    losses = told(1, 2, 3)
    losses.announced(hole(2, 2))
    assert "2 announced as lost, and told" in losses.faults()[0]


def test_a_number_that_comes_twice_or_late_is_a_fault_for_good() -> None:
    losses = told(1, 2, 5)
    assert losses.told(STREAM, 5) is not None
    assert losses.told(STREAM, 3) is not None
