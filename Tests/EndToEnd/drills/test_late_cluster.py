# Part of MarketBus. Apache License 2.0, see LICENSE.
"""A cluster that comes long after the feed, and without a topic: every instrument is there, and of the streams all that was
sent, or it is announced."""

import os
import time
from pathlib import Path

import pytest

from drills.load import Load
from drills.test_broker_away import check
from harness.brokers import KafkaLab, kafka_script
from harness.report import REPORT
from harness.stage import Stage, need
from harness.waiting import quiet

# The library gives up what waits for a topic that is missing after half a minute, unless told otherwise.
LATE_SECONDS = float(os.environ.get("DRILL_LATE_SECONDS", "40"))


@pytest.mark.drill
def test_the_cluster_comes_after_the_feed(stage: Stage, tmp_path: Path) -> None:
    need("exchange-twin", "binance-feed")
    if kafka_script() is None:
        pytest.skip("no Kafka to start: KAFKA_LAB is not set")
    lab = stage.keep(KafkaLab(tmp_path))
    load = Load(stage, lab, "binance", rate=500, seed=7, begins=False)
    lab.stop_broker()
    load.feed = stage.feed(load.venue, load.settings)
    time.sleep(LATE_SECONDS)  # the drill itself
    lab.start_broker()
    load.feed.wait_ready(90)
    load.flowing(1000)
    wanted = set(load.book.symbols("spot"))

    def listed() -> set[str]:
        return {record.value["symbol"] for record in load.records("ref.instrument.v1")}

    quiet(lambda: len(listed()), silence=3, within=60)
    assert wanted - listed() == set()
    assert load.feed.stop() == 0
    quiet(load.market_count, silence=5, within=60)
    check(load)
    REPORT.add("cluster after the feed", late_s=LATE_SECONDS, instruments=len(wanted), records=load.market_count())
