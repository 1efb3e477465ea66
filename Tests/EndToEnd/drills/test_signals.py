# Part of MarketBus. Apache License 2.0, see LICENSE.
"""SIGTERM under load drains and leaves; after SIGKILL a new epoch begins and no identity comes twice."""

import signal
import time

import pytest

from drills.load import Load
from harness.checks import (
    MARKET_TOPICS,
    announced_holes,
    log_problems,
    repeated_identities,
    repeated_trades,
    sequence_problems,
)
from harness.report import REPORT, drill_count
from harness.stage import Stage, need
from harness.waiting import eventually, quiet

pytestmark = pytest.mark.drill
RATE = 5000
VENUES = ("binance", "okx")


@pytest.mark.parametrize("run", range(drill_count()))
@pytest.mark.parametrize("venue", VENUES)
def test_sigterm_under_load_drains(stage: Stage, venue: str, run: int) -> None:
    need("marketbus")
    load = Load(stage, stage.broker("embedded"), venue, RATE, seed=200 + run)
    load.flowing(RATE)
    asked = time.monotonic()
    load.feed.signal(signal.SIGTERM)
    code = load.feed.wait_exit(15)
    took = time.monotonic() - asked
    quiet(load.market_count, silence=1.5, within=30)
    read = load.records()
    problems = (
        sequence_problems(read)
        + repeated_identities(read)
        + repeated_trades(read)
        + log_problems(load.twin.expected(venue, load.book), read)
        + unpublished(read)
    )
    REPORT.add(
        "SIGTERM under load",
        venue=venue,
        run=run + 1,
        exit=code,
        seconds=took,
        records=load.market_count(),
        holes=sum(map(len, announced_holes(read).values())),
        problems=len(problems),
    )
    assert (code, problems) == (0, []), "\n".join(problems[:10])
    assert took < 10


def unpublished(read: list) -> list[str]:
    """Streams whose last integrity line counts further than what can be read."""
    last: dict = {}
    for record in read:
        if record.topic in MARKET_TOPICS:
            key = (record.topic, record.value["symbol"], record.value["epoch"])
            last[key] = max(last.get(key, 0), record.value["seq"])
    problems = []
    for record in read:
        if record.topic == "sys.integrity.v1":
            for stream in record.value["streams"]:
                key = (record.value["topic"], stream["symbol"], stream["epoch"])
                if stream["last_seq"] > last.get(key, 0):
                    problems.append(f"{key}: {stream['last_seq']} counted, {last.get(key, 0)} read")
    return problems


@pytest.mark.parametrize("run", range(drill_count()))
@pytest.mark.parametrize("venue", VENUES)
def test_after_sigkill_a_new_epoch_begins(stage: Stage, venue: str, run: int) -> None:
    need("marketbus")
    load = Load(stage, stage.broker("embedded"), venue, RATE, seed=300 + run)
    load.flowing(RATE)
    load.feed.signal(signal.SIGKILL)
    assert load.feed.wait_exit(5) == -signal.SIGKILL
    quiet(load.market_count, silence=1, within=30)
    old = {record.value["epoch"] for record in load.records(*MARKET_TOPICS)}
    restarted = time.time()
    load.start(name=f"{venue}-feed-again")

    def fresh() -> list:
        return [record for record in load.records(*MARKET_TOPICS) if record.value["epoch"] not in old]

    eventually("records of a new epoch", fresh, within=30)
    load.flowing(RATE)
    assert load.feed.stop() == 0
    quiet(load.market_count, silence=1.5, within=30)
    read = load.records()
    new = {record.value["epoch"] for record in fresh()}
    problems = (
        sequence_problems(read)
        + repeated_identities(read)
        + repeated_trades(read)
        + log_problems(load.twin.expected(venue, load.book), read)
    )
    REPORT.add(
        "SIGKILL and restart",
        venue=venue,
        run=run + 1,
        first_record_after_s=fresh()[0].read_at - restarted,
        epochs_before=len(old),
        epochs_after=len(new),
        records=load.market_count(),
        problems=len(problems),
    )
    assert min(new) > max(old)
    assert not problems, "\n".join(problems[:10])
