# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The broker stops under load: no trade is lost, and every quote that was conflated away is announced."""

import os
import time
from collections import Counter
from typing import Any

import pytest

from drills.load import Load
from harness.brokers import KafkaLab
from harness.checks import (
    announced_holes,
    log_problems,
    repeated_identities,
    repeated_trades,
    schema_problems,
    sequence_problems,
)
from harness.report import REPORT, drill_count
from harness.stage import Stage
from harness.waiting import eventually, quiet

pytestmark = pytest.mark.drill
AWAY_SECONDS = float(os.environ.get("DRILL_AWAY_SECONDS", "20"))
RATE = 5000


@pytest.mark.parametrize("run", range(drill_count()))
def test_the_broker_is_away_under_load(stage: Stage, lab: KafkaLab, run: int) -> None:
    load = Load(stage, lab, "binance", RATE, seed=100 + run)
    load.flowing(RATE)
    lab.stop_broker()
    stopped = time.time()
    frames_before = len(load.twin.sent())
    time.sleep(AWAY_SECONDS)  # the drill itself
    frames_meanwhile = len(load.twin.sent()) - frames_before
    memory = load.feed.resident_megabytes()
    status_while_away = load.feed.get("/ready")[0]
    lab.start_broker()
    started = time.time()
    eventually("records again", lambda: any(r.read_at > started for r in load.records("md.trade.v1")), within=60)
    recovered = min(record.read_at for record in load.records("md.trade.v1") if record.read_at > started)
    load.flowing(RATE)
    assert load.feed.stop() == 0
    quiet(load.market_count, silence=5, within=60)
    check(load)

    read = load.records()
    holes = announced_holes(read)
    reasons = Counter(h["reason"] for r in read if r.topic == "sys.integrity.v1" for h in r.value["holes"])
    lost = {topic: sum(len(n) for s, n in holes.items() if s[2] == topic) for topic in ("md.trade.v1", "md.bbo.v1")}
    REPORT.add(
        "broker away",
        run=run + 1,
        away_s=started - stopped,
        sent_per_s=round(frames_meanwhile / AWAY_SECONDS),
        trades=sum(record.topic == "md.trade.v1" for record in read),
        trades_lost=lost["md.trade.v1"],
        quotes=sum(record.topic == "md.bbo.v1" for record in read),
        quotes_conflated_and_announced=lost["md.bbo.v1"],
        reasons=dict(reasons),
        back_after_s=recovered - started,
        resident_mb=memory,
        ready_while_away=status_while_away,
    )
    assert lost["md.trade.v1"] == 0
    assert set(reasons) <= {"conflated"}
    assert lost["md.bbo.v1"] > 0, "nothing was conflated: the drill did not bite"


def check(load: Any) -> None:
    read = load.records()
    holes = announced_holes(read)
    problems = (
        sequence_problems(read, holes)
        + repeated_identities(read)
        + repeated_trades(read)
        + log_problems(load.twin.expected(load.venue, load.book), read)
        + schema_problems(record for record in read if record.topic.startswith("sys."))
    )
    assert not problems, "\n".join(problems[:10])
