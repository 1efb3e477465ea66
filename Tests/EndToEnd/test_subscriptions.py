# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Subscriptions while a feed runs: added and removed at once, no gap in the others, refusals told with their reason."""

import json
import subprocess
import time
from collections import defaultdict
from typing import Any, Optional

import programs
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from harness.feed import feed_settings
from harness.process import http_request
from harness.records import TOPICS, Reader
from harness.stage import Stage, need
from harness.twin import Twin
from harness.waiting import eventually

ALL_TOPICS = (*TOPICS, "md.book.v1", "md.ticker.v1", "md.candle.v1", "ctl.subscription.v1")
# What one machine under load may need; what it took is reported.
WITHIN = 10.0


class BlankWords:
    """A cluster whose topic of subscriptions holds no word before a test, and none behind it.

    The topic is compacted, so that its records can't be deleted: it goes as a whole, if it was empty before.
    """

    topic = "ctl.subscription.v1"

    def __init__(self, bootstrap: str) -> None:
        self._admin = AdminClient({"bootstrap.servers": bootstrap})
        consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "blank-words"})
        try:
            for partition in self._partitions():
                place = TopicPartition(self.topic, partition)
                low, high = consumer.get_watermark_offsets(place, timeout=10)
                if low != high:
                    pytest.skip(f"{self.topic} of this cluster is in use")
        finally:
            consumer.close()

    def _partitions(self) -> list[int]:
        found = self._admin.list_topics(timeout=10).topics.get(self.topic)
        return sorted(found.partitions) if found is not None and found.error is None else []

    def close(self) -> None:
        """Deletes the topic; the next feed makes it anew."""
        self._admin.delete_topics([self.topic])[self.topic].result(timeout=20)
        eventually("the topic is gone", lambda: not self._partitions(), within=20)


class World:
    """A twin, a broker, a feed of OKX on both, and a reader."""

    def __init__(self, stage: Stage, broker_kind: str, symbols: list[str]) -> None:
        need("exchange-twin", "okx-feed", "marketbus")
        self.broker = stage.broker(broker_kind)
        if broker_kind == "named":
            stage.keep(BlankWords(self.broker.bootstrap))
        self.reader = stage.keep(Reader(self.broker.bootstrap, ALL_TOPICS))
        self.twin = stage.twin("--symbols", "20", "--rate", "1500", "--seed", "5", "--venues", "okx")
        self.instance = f"subscriptions-{time.time_ns()}"
        settings = feed_settings(
            "okx", self.instance, self.broker, self.twin.endpoints("okx"), ["spot", "swap"], symbols
        )
        self.feed = stage.feed("okx", settings)
        self.feed.wait_ready()
        eventually("all streams live", lambda: set(self.states().values()) == {"live"}, WITHIN)

    def run(self, *words: str) -> subprocess.CompletedProcess:
        """Runs `marketbus` with the cluster's settings."""
        return marketbus(self.broker, *words)

    def records(self, topic: str, symbol: str) -> list[dict[str, Any]]:
        """The feed's records of a stream."""
        return self.reader.values(topic, feed=self.instance, symbol=symbol)

    def streams(self) -> list[dict[str, Any]]:
        """The streams of the newest status."""
        statuses = self.reader.values("sys.feed_status.v1", feed=self.instance)
        return statuses[-1]["streams"] if statuses else []

    def states(self) -> dict[tuple[str, str], str]:
        """The states of the newest status."""
        return {(stream["symbol"], stream["channel"]): stream["state"] for stream in self.streams()}

    def told(self, field: str, kind: str) -> set[str]:
        """One field of every incident of a kind."""
        incidents = [i for value in self.reader.values("sys.integrity.v1") for i in value["incidents"]]
        return {i[field] for i in incidents if i["kind"] == kind}

    def asked(self, symbol: str) -> int:
        """When the newest word about a symbol was written, in microseconds."""
        words = [record for record in self.reader.records("ctl.subscription.v1") if record.key == f"okx:{symbol}"]
        return words[-1].timestamp_ms * 1000


def marketbus(broker: Any, *words: str) -> subprocess.CompletedProcess:
    """Runs the operator's command on a broker."""
    sets = {"kafka.bootstrap_servers": broker.bootstrap, **broker.settings}
    flags = [word for key, value in sets.items() for word in ("--set", f"{key}={str(value).lower()}")]
    command = [str(programs.binary("marketbus")), *words, *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)


def gaps(reader: Reader, instance: str) -> list[str]:
    """Every stream of a feed whose numbers are not contiguous from 1."""
    last: dict[tuple[str, str, int], int] = defaultdict(int)
    problems = []
    for record in reader.records():
        if not record.topic.startswith("md.") or record.value["feed"] != instance:
            continue
        stream = (record.topic, record.value["symbol"], record.value["epoch"])
        if record.value["seq"] != last[stream] + 1:
            problems.append(f"{stream}: {record.value['seq']} after {last[stream]}")
        last[stream] = record.value["seq"]
    return problems


def epochs(world: World, topic: str, symbol: str) -> int:
    return len({value["epoch"] for value in world.records(topic, symbol)})


def report(title: str, microseconds: int) -> None:
    print(f"{title}: {microseconds / 1000:.0f} ms")


def test_symbols_and_channels_come_and_go_and_the_others_have_no_gap(stage: Stage, broker_kind: str) -> None:
    world = World(stage, broker_kind, ["BTC-USDT", "ETH-USDT"])

    done = world.run("subscribe", "SOL-USDT", "--venue", "okx", "--channel", "bbo", "--channel", "book")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "wanted is bbo, book" in done.stdout and "SOL-USDT book" in done.stdout
    first = eventually("a book of SOL-USDT", lambda: world.records("md.book.v1", "SOL-USDT"), WITHIN)[0]
    assert first["kind"] == "snapshot"
    report("from the word to the first record of a new symbol", first["published_us"] - world.asked("SOL-USDT"))

    done = world.run("subscribe", "BTC-USDT", "--venue", "okx", "--channel", "book")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "wanted is trade, bbo, book" in done.stdout, "what is configured stays"
    first = eventually("a book of BTC-USDT", lambda: world.records("md.book.v1", "BTC-USDT"), WITHIN)[0]
    report("from the word to the first record of a new channel", first["published_us"] - world.asked("BTC-USDT"))

    done = world.run("unsubscribe", "SOL-USDT", "--venue", "okx")
    assert done.returncode == 0 and "ended      SOL-USDT book" in done.stdout, done.stdout + done.stderr
    last = eventually("its last quote", lambda: ended(world, "md.bbo.v1", "state"), WITHIN)
    report("from the word to the end of a symbol", last["published_us"] - world.asked("SOL-USDT"))
    assert last["reason"] == "unsubscribed"
    assert eventually("its book's end", lambda: ended(world, "md.book.v1", "kind"), WITHIN)["reason"] == "unsubscribed"
    done = world.run("unsubscribe", "BTC-USDT", "--venue", "okx", "--channel", "book,ticker")
    assert done.returncode == 0 and "wanted is trade, bbo" in done.stdout, done.stdout + done.stderr

    count = len(world.records("md.bbo.v1", "ETH-USDT"))
    eventually("the others go on", lambda: len(world.records("md.bbo.v1", "ETH-USDT")) > count + 20, WITHIN)
    assert set(world.states()) == {(s, c) for s in ("BTC-USDT", "ETH-USDT") for c in ("trade", "bbo")}
    assert not gaps(world.reader, world.instance)
    for symbol in ("BTC-USDT", "ETH-USDT"):
        assert epochs(world, "md.trade.v1", symbol) == 1 and epochs(world, "md.bbo.v1", symbol) == 1
    assert world.feed.metric("marketbus_feed_connections_total") == 1, "no connection was opened anew"
    assert world.feed.stop() == 0


def ended(world: World, topic: str, field: str) -> Optional[dict[str, Any]]:
    last = world.records(topic, "SOL-USDT")[-1]
    return last if last[field] == "invalid" else None


def test_what_cannot_be_had_is_told_with_its_reason(stage: Stage, broker_kind: str) -> None:
    world = World(stage, broker_kind, ["BTC-USDT"])
    done = world.run("subscribe", "BTC-USTD", "--venue", "okx", "--channel", "bbo")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "refused    BTC-USTD bbo: okx does not list BTC-USTD" in done.stdout
    assert "did you mean BTC-USDT" in done.stdout
    done = world.run("subscribe", "BTC-USDT", "--venue", "okx", "--channel", "funding")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "refused    BTC-USDT funding: okx streams no funding of spot instruments" in done.stdout
    shown = world.run("status", "--streams")
    assert "okx streams no funding of spot instruments" in shown.stdout
    assert world.feed.get("/ready")[0] == 200
    eventually("both refusals are told", lambda: world.told("symbol", "refused") == {"BTC-USTD", "BTC-USDT"}, WITHIN)
    assert world.feed.stop() == 0


def test_words_from_elsewhere_and_from_before_are_heard(stage: Stage, broker_kind: str) -> None:
    world = World(stage, broker_kind, ["BTC-USDT", "ETH-USDT"])
    producer = Producer({"bootstrap.servers": world.broker.bootstrap})
    prefix = '{"schema":"subscription.v1","venue":"okx","symbol":"BTC-USDT-PERP","channels":'
    producer.produce("ctl.subscription.v1", key="okx:ETH-USDT", value=None)
    producer.produce("ctl.subscription.v1", key="okx:BTC-USDT-PERP", value=prefix + '["bbo","tea"]}')
    producer.produce("ctl.subscription.v1", key="okx:SOL-USDT", value='{"no":"record"}')
    producer.produce("ctl.subscription.v1", key="htx:SOL-USDT", value=prefix + '["bbo"]}')
    assert producer.flush(10) == 0
    wanted = {("BTC-USDT", "trade"), ("BTC-USDT", "bbo"), ("BTC-USDT-PERP", "bbo")}
    eventually("the words are heard", lambda: set(world.states()) == wanted, WITHIN)
    eventually("the new one is live", lambda: set(world.states().values()) == {"live"}, WITHIN)
    for reason in ("no such channel: tea", "okx:SOL-USDT"):
        eventually(
            f"{reason} is told", lambda: reason in " ".join(world.told("detail", "subscription_ignored")), WITHIN
        )
    assert world.feed.stop() == 0

    again = f"{world.instance}-again"
    settings = feed_settings(
        "okx", again, world.broker, world.twin.endpoints("okx"), ["spot", "swap"], ["BTC-USDT", "ETH-USDT"]
    )
    feed = stage.feed("okx", settings, name="again")
    feed.wait_ready()
    world.instance = again
    eventually("all live again", lambda: set(world.states().values()) == {"live"}, WITHIN)
    assert set(world.states()) == wanted
    assert not world.records("md.bbo.v1", "ETH-USDT"), "an ended symbol does not flash up at a start"
    assert feed.stop() == 0


@pytest.mark.parametrize(
    "words, told",
    [
        ((), "SYMBOL"),
        (("btc-usdt",), "write BTC-USDT"),
        (("BTC-USDT", "--channel", "books"), "--channel"),
        (("BTC-USDT", "--wait", "soon"), "--wait"),
    ],
)
def test_a_wrong_command_line_names_the_field_and_the_mend(words: tuple[str, ...], told: str) -> None:
    need("marketbus")

    class Nobody:
        bootstrap = "127.0.0.1:1"
        settings: dict[str, object] = {}

    done = marketbus(Nobody, "subscribe", *words, "--venue", "okx")
    assert done.returncode == 64 and told in done.stderr, done.stderr
    done = marketbus(Nobody, "unsubscribe", "BTC-USDT")
    assert done.returncode == 64 and "--venue" in done.stderr and "binance, okx" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("venue, market", [("binance", "spot"), ("okx", "spot")])
def test_five_hundred_symbols_of_four_channels_within_the_venues_limits(
    stage: Stage, venue: str, market: str
) -> None:
    need("exchange-twin", f"{venue}-feed", "marketbus")
    broker = stage.broker("embedded")
    reader = stage.keep(Reader(broker.bootstrap, ("sys.feed_status.v1", "sys.integrity.v1", "ctl.subscription.v1")))
    twin = stage.twin("--symbols", "520", "--rate", "1000", "--seed", "9", "--venues", venue)
    symbols = listed(twin, venue)
    assert len(symbols) >= 501
    instance = f"scale-{time.time_ns()}"
    settings = feed_settings(venue, instance, broker, twin.endpoints(venue), [market], symbols[:500])
    settings[f"venues.{venue}.channels"] = ["trade", "bbo", "book", "ticker"]
    settings["feed.first_message_ms"] = 60_000
    settings["feed.silence_ms"] = 60_000
    began = time.monotonic()
    feed = stage.feed(venue, settings)

    def counts() -> dict[str, int]:
        found: dict[str, int] = defaultdict(int)
        statuses = reader.values("sys.feed_status.v1", feed=instance)
        for stream in statuses[-1]["streams"] if statuses else []:
            found[stream["state"]] += 1
        return found

    eventually("2,000 streams live", lambda: counts() == {"live": 2000}, within=150, every=0.25)
    took = time.monotonic() - began
    memory = feed.resident_megabytes()
    connections = reader.values("sys.feed_status.v1", feed=instance)[-1]["connections"]
    print(f"{venue}: 2,000 streams live after {took:.1f} s on {len(connections)} connections, {memory:.0f} MB resident")
    asked = time.monotonic()
    done = marketbus(broker, "subscribe", symbols[500], "--venue", venue, "--channel", "bbo", "--channel", "trade")
    assert done.returncode == 0, done.stdout + done.stderr
    print(f"{venue}: one more symbol confirmed {time.monotonic() - asked:.1f} s after the command began")
    print(done.stdout)
    assert feed.metric("marketbus_feed_connections_total") == len(connections) + (len(connections) * 200 == 2000)
    assert not refusals(reader), "nothing was asked beyond the venue's limits"
    assert feed.stop(within=20) == 0


def listed(twin: Twin, venue: str) -> list[str]:
    """The canonical names of the twin's spot instruments."""
    rest = twin.endpoints(venue)
    if venue == "okx":
        _, body = http_request("GET", rest["rest"] + "/api/v5/public/instruments?instType=SPOT", timeout=20)
        return [instrument["instId"] for instrument in json.loads(body)["data"]]
    _, body = http_request("GET", rest["spot_rest"] + "/api/v3/exchangeInfo", timeout=20)
    return [f"{found['baseAsset']}-{found['quoteAsset']}" for found in json.loads(body)["symbols"]]


def refusals(reader: Reader) -> list[str]:
    """What the venue refused, as the feed tells it."""
    incidents = [i for value in reader.values("sys.integrity.v1") for i in value["incidents"]]
    return [i["detail"] for i in incidents if i["kind"] in ("rate_limited", "refused", "connection_lost")]
