# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Aggregators share the market as a consumer group on Apache Kafka: they come, leave and die under load, and what they tell
together stays what one would tell: nothing doubled, nothing left open, no symbol silent beyond the hand-over."""

import json
import os
import signal
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any, Iterator, Optional

import pytest

import programs
from harness.brokers import KafkaLab, kafka_script
from harness.feed import Service
from harness.process import Program
from harness.report import REPORT
from harness.stage import Stage, need
from harness.told import Told, longest, silence
from harness.waiting import eventually, quiet

PARTITIONS = 6
SESSION_MS = 6000


class Group:
    """A market at a rate, aggregators that come and go, and everything that they tell."""

    def __init__(
        self, stage: Stage, lab: KafkaLab, symbols: int, rate: int, drill: str, quote_interval_ms: int = 0
    ) -> None:
        need("aggregator")
        self.stage, self.lab, self.drill = stage, lab, drill
        self.symbols, self.rate, self.quote_interval_ms = symbols, rate, quote_interval_ms
        self.members: dict[str, Service] = {}
        self.market: Optional[Program] = None
        self.told: Optional[Told] = None

    def begin(self) -> None:
        """The first member, which makes the topics; then the market."""
        self.start("one")
        command = [
            sys.executable, "-m", "harness.market", "--bootstrap", self.lab.bootstrap, "--symbols", str(self.symbols),
            "--rate", str(self.rate),
        ]  # fmt: skip
        here = {"PYTHONPATH": str(Path(__file__).parent)}
        self.market = self.stage.keep(Closing(Program("market", command, self.stage.folder, here))).program
        self.market.ready_line(30)
        self.told = self.stage.keep(Told(self.lab.bootstrap, PARTITIONS))
        eventually("every symbol is quoted", lambda: len(self.told.last_quote) == self.symbols, 60)
        eventually("opportunities are open", lambda: self.told.open_ids, 30)

    def start(self, name: str) -> Service:
        """A further member."""
        settings = {
            "aggregator.session_ms": SESSION_MS,
            "aggregator.quote_interval_ms": self.quote_interval_ms,
            "kafka.partitions": PARTITIONS,
        }
        self.members[name] = self.stage.aggregator(self.lab, settings, name)
        self.members[name].wait_ready(60)
        return self.members[name]

    def share(self) -> dict[str, int]:
        """How many partitions each member has, and has learned."""
        owned = {}
        for name, member in self.members.items():
            learning = member.metric("marketbus_aggregator_learning_partitions")
            owned[name] = int(member.metric("marketbus_aggregator_partitions") or 0) if learning == 0 else -1
        return owned

    def settled(self, within: float = 120) -> None:
        """Waits until the members have all partitions between them, each its part, and every symbol is told of again."""
        members = len(self.members)

        def even() -> bool:
            owned = self.share().values()
            return sum(owned) == PARTITIONS and min(owned) >= PARTITIONS // members

        eventually(f"{members} members share {PARTITIONS} partitions evenly", even, within)
        now = time.time_ns() // 1000
        eventually("every symbol is told of", lambda: self.told.symbols_since(now) == self.symbols, 60)

    def step(self, what: str, act: Any) -> None:
        """One change of the group, and what it cost."""
        began, count, lost = time.time_ns() // 1000, self.told.count, self.told.losses.announced_count
        seconds = time.monotonic()
        self.told.longest_silence_ms.clear()
        act()
        self.settled()
        seconds, told = time.monotonic() - seconds, self.told.count - count
        moved = self.told.silences_since(began)
        median, worst = silence(moved)
        self._all_accounted_for()
        REPORT.add(
            self.drill,
            change=what,
            members=len(self.members),
            symbols_moved=len({each.symbol for each in moved}),
            hand_over_ms_median=round(median),
            hand_over_ms_longest=round(worst),
            others_silent_ms_longest=round(longest(self.told.longest_silence_ms) or 0),
            settled_after_s=seconds,
            told_per_s=round(told / seconds),
            announced_as_lost=self.told.losses.announced_count - lost,
            faults=len(self.told.faults) + len(self.told.losses.faults()),
        )
        self._check_faults()

    def _all_accounted_for(self) -> None:
        """Gives the members the time to announce what is missing: a loss is told a moment after it is known."""
        deadline = time.monotonic() + 15
        while self.told.losses.faults() and time.monotonic() < deadline:
            time.sleep(0.1)

    def _check_faults(self) -> None:
        faults = self.told.faults + self.told.losses.faults()
        assert not faults, (len(faults), faults[:5])

    def leave(self, name: str) -> None:
        """An orderly stop."""
        member = self.members.pop(name)
        assert member.stop(20) == 0, member.tail()

    def kill(self, name: str) -> None:
        """A stop without a word."""
        member = self.members.pop(name)
        member.signal(signal.SIGKILL)
        member.wait_exit(10)

    def freeze(self, name: str, seconds: float) -> None:
        """A stop that the member itself does not notice."""
        member = self.members[name]
        member.signal(signal.SIGSTOP)
        time.sleep(seconds)  # the fault itself
        member.signal(signal.SIGCONT)
        # By its own clock, or by the group's word where that comes first.
        words = ("aggregator.paused", "partitions.lost")
        eventually("it knows", lambda: any(word in member.tail(200) for word in words), 20)

    def finish(self) -> dict[str, Any]:
        """Ends the market, then the members; gives what the market says of itself."""
        self.market.signal(signal.SIGTERM)
        account = self.market.ready_line(90)
        quiet(lambda: self.told.count, silence=2, within=60)
        self._check_last(account["quotes"])
        for name in list(self.members):
            self.leave(name)
        quiet(lambda: self.told.count, silence=2, within=60)
        self._all_accounted_for()
        self._check_faults()
        assert not self.told.open_ids, sorted(self.told.open_ids)[:5]
        return account

    def _check_last(self, quotes: list[dict[str, Any]]) -> None:
        """What is told at last is the best of what every venue said at last: no record was lost on the way."""
        best: dict[str, dict[str, Decimal]] = {}
        for quote in quotes:
            sides = best.setdefault(quote["symbol"], {"bid": Decimal(quote["bid"]), "ask": Decimal(quote["ask"])})
            sides["bid"] = max(sides["bid"], Decimal(quote["bid"]))
            sides["ask"] = min(sides["ask"], Decimal(quote["ask"]))

        def differing() -> list[str]:
            found = []
            for symbol, sides in best.items():
                told = json.loads(self.told.last_quote[symbol])
                if any(leg["health"] != "live" for leg in told["legs"]):
                    continue
                if (Decimal(told["bid"]), Decimal(told["ask"])) != (sides["bid"], sides["ask"]):
                    found.append(f"{symbol}: {told['bid']} {told['ask']} told, {sides} said")
            return found

        assert len(best) == self.symbols
        assert not differing(), differing()[:3]


class Closing:
    """A program as something to close."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def close(self) -> None:
        """Stops it."""
        self.program.stop()


def made_lab(folder: Path, brokers: int) -> KafkaLab:
    """A Kafka of this test's own."""
    need("aggregator")
    if kafka_script() is None:
        pytest.skip("no Kafka to start: KAFKA_LAB is not set")
    return KafkaLab(folder, brokers)


@pytest.fixture
def one_broker(tmp_path: Path) -> Iterator[KafkaLab]:
    """One broker."""
    lab = made_lab(tmp_path, 1)
    yield lab
    lab.close()


@pytest.fixture
def three_brokers(tmp_path: Path) -> Iterator[KafkaLab]:
    """Three brokers, every partition on all of them."""
    lab = made_lab(tmp_path, 3)
    yield lab
    lab.close()


def test_what_comes_leaves_and_dies_costs_a_hand_over_and_nothing_else(stage: Stage, one_broker: KafkaLab) -> None:
    group = Group(stage, one_broker, symbols=24, rate=500, drill="aggregators come and go, one broker")
    group.begin()
    group.step("second comes", lambda: group.start("two"))
    group.step("first leaves", lambda: group.leave("one"))
    group.step("third comes", lambda: group.start("three"))
    group.step("second is killed", lambda: group.kill("two"))
    group.finish()
    assert group.told.reasons["handed_over"] > 0 and group.told.reasons["restarted"] > 0, group.told.reasons


@pytest.mark.drill
def test_three_brokers_under_load(stage: Stage, three_brokers: KafkaLab) -> None:
    rate = int(os.environ.get("DRILL_RATE", "10000"))
    interval = int(os.environ.get("DRILL_QUOTE_INTERVAL_MS", "100" if rate >= 10_000 else "0"))
    pace = f"a quote of a symbol every {interval} ms at most" if interval else "every change told"
    drill = f"aggregators, three brokers, {rate} records/s, {pace}"
    group = Group(stage, three_brokers, symbols=200, rate=rate, drill=drill, quote_interval_ms=interval)
    group.begin()
    group.step("one alone, 10 s", lambda: time.sleep(10))  # the drill itself
    group.step("second comes", lambda: group.start("two"))
    group.step("two, 10 s", lambda: time.sleep(10))
    group.step("third comes", lambda: group.start("three"))
    group.step("three, 10 s", lambda: time.sleep(10))
    group.step("first leaves", lambda: group.leave("one"))
    group.step("first is back", lambda: group.start("one"))
    group.step("second is killed", lambda: group.kill("two"))
    group.step("second is back", lambda: group.start("two"))
    group.step("one stands still for longer than its session", lambda: group.freeze("one", SESSION_MS / 1000 + 3))
    group.step("a broker is killed", lambda: three_brokers.kill_broker(2))
    group.step("10 s without it", lambda: time.sleep(10))
    group.step("the broker is back", lambda: three_brokers.start_broker(2))
    group.step("a member is killed then", lambda: group.kill("three"))
    account = group.finish()
    reasons = dict(group.told.reasons)
    REPORT.add(
        "aggregators: the whole drill",
        market_sent=account["sent"],
        market_per_s=round(account["sent"] / account["seconds"]),
        acknowledged=account["acknowledged"],
        failed=account["failed"],
        quotes_told=group.told.counts["agg.quote.v1"],
        steps_told=group.told.counts["arb.opportunity.v1"],
        closed=json.dumps(reasons),
        announced_as_lost=json.dumps(dict(group.told.losses.reasons)),
        faults=len(group.told.faults),
    )
    assert account["failed"] == 0
    assert reasons["handed_over"] > 0 and reasons["restarted"] > 0
