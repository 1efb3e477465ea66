# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The consolidated quote equals the oracle's after every event under faults, deaths and returns of venues.
`MARKETBUS_QUOTE_RUNS=10000` plays more of them."""

import os

import pytest

from programs import binary
from quotes.compare import answers, compare, expected
from quotes.generator import START
from quotes.habits import Habits

JUDGE = binary("market-judge")
RUNS = int(os.environ.get("MARKETBUS_QUOTE_RUNS", "300"))
needs_judge = pytest.mark.skipif(JUDGE is None, reason="market-judge is not built")


@needs_judge
def test_every_quote_equals_the_oracle_after_every_event() -> None:
    comparison = compare(JUDGE, 0, RUNS)
    assert comparison.differences == []
    # The runs are such that everything occurs; else the comparison proves little.
    rare = {what: count for what, count in comparison.seen.items() if count < RUNS // 30}
    wanted = {"old_epoch", "old_sequence", "absurd", "clock_ahead", "crossed", "locked", "joined", "joined and crossed"}
    assert (wanted | {"stale", "invalid", "apart", "taken"}) <= comparison.seen.keys() - rare.keys()


@needs_judge
def test_habits_fade() -> None:
    """A stream that was quick for 17,000 records and is slow for as many is believed to be slow."""
    lines, now = ["quotes 0 most=1500000 least=1000 samples=1000"], START
    for seq in range(1, 34_001):
        now += 5_000 if seq < 17_000 else 90_000
        lines.append(
            f"bbo now={now} symbol=A-B venue=v feed=f epoch={START} seq={seq} received={now} state=live bid=1:1"
            + ("" if seq % 1000 == 0 else " silent=1")
        )
    assert answers(JUDGE, [lines]) == [expected(lines)]
    assert expected(lines)[-1].endswith(f"/{98304}")


def test_the_percentile_by_hand() -> None:
    """Of 512 gaps of 5,000 µs all lie below 5,120; the 1 of 1,024 that is longer is beyond the 99.9th percentile."""
    habits = Habits(1_000, 10_000_000, 512)
    for _ in range(512):
        habits.note(5_000)
    assert habits.allowed == 5_120
    habits.note(900_000)
    for _ in range(511):
        habits.note(5_000)
    assert habits.allowed == 5_120
    habits.note(900_000)
    for _ in range(255):
        habits.note(5_000)
    assert habits.allowed == 917_504
