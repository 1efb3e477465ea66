# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Books: the recipes of the sheets lead to the twin's own book; every fault is what it says."""

import json
import random

import pytest

from books import BinanceBook, OKXBook, OutOfStep, drain, truth
from conftest import frames, okx_subscribe, told, until

BINANCE = {
    "spot": ("spot_ws", "spot_rest", "/api/v3/depth?symbol=BTCUSDT&limit=5000", "BTCUSDT"),
    "usdm": ("usdm_public_ws", "usdm_rest", "/fapi/v1/depth?symbol=BTCUSDT&limit=1000", "BTCUSDT"),
    "coinm": ("coinm_public_ws", "coinm_rest", "/dapi/v1/depth?symbol=BTCUSD_PERP&limit=1000", "BTCUSD_PERP"),
}
SYMBOL = "BTC-USDT"


@pytest.fixture
def twin(start):
    return start("--symbols", 3, "--rate", 1500, "--no-limits")


class BinanceClient:
    """Follows one diff stream as its sheet says; `restarts` counts how often it had to begin anew."""

    def __init__(self, twin, market):
        self.twin, self.market = twin, market
        endpoint, self.rest_name, self.depth, self.symbol = BINANCE[market]
        self.socket = twin.ws("binance", endpoint, f"/ws/{self.symbol.lower()}@depth@100ms").__enter__()
        self.restarts = -1
        self.begin()

    def begin(self):
        self.restarts += 1
        self.book = BinanceBook(self.market == "spot")

    def load(self):
        return self.book.snapshot(self.twin.rest("binance", self.rest_name, self.depth)[2])

    def take(self, event):
        try:
            self.book.take(event)
            if self.book.sequence is not None and self.book.crossed:
                raise OutOfStep("crossed")
        except OutOfStep:
            self.begin()
            self.book.take(event)

    def follow(self, count):
        for event in frames(self.socket, count):
            self.take(event)
            while self.book.sequence is None and not self.load():
                pass

    def finish(self):
        """Pauses the twin and compares whole books."""
        self.twin.post("/pause")
        drain(self.socket, self.take)
        if self.book.sequence is None:
            assert self.load()
        told = truth(self.twin, "binance", self.symbol, self.market)
        assert self.book.sequence == told["sequence"]
        assert (self.book.side("bids"), self.book.side("asks")) == (told["bids"], told["asks"])
        self.socket.close()


class OKXClient:
    """Follows `books`; a mismatch subscribes again."""

    def __init__(self, twin, symbol=SYMBOL):
        self.twin, self.symbol, self.restarts, self.seen = twin, symbol, 0, []
        self.socket = twin.ws("okx", "public_ws").__enter__()
        self.book, self.waits = OKXBook(), True
        okx_subscribe(self.socket, ("books", symbol))

    def take(self, frame):
        if "data" not in frame:
            return
        self.seen.append(frame)
        if self.waits and frame["action"] != "snapshot":
            return
        self.waits = False
        try:
            self.book.take(frame)
            if self.book.crossed:
                raise OutOfStep("crossed")
        except OutOfStep:
            self.restarts += 1
            self.waits = True
            argument = {"channel": "books", "instId": self.symbol}
            for word in ("unsubscribe", "subscribe"):
                self.socket.send(json.dumps({"op": word, "args": [argument]}))

    def follow(self, count):
        for frame in frames(self.socket, count, lambda frame: "data" in frame):
            self.take(frame)

    def finish(self):
        until(lambda: self.follow(1) or not self.waits)
        self.twin.post("/pause")
        until(lambda: drain(self.socket, self.take) or not self.waits)
        told = truth(self.twin, "okx", self.symbol, "spot" if self.symbol == SYMBOL else "linear", 400)
        assert self.book.sequence == told["streams"][f"books:{self.symbol}"]
        assert (self.book.side("bids"), self.book.side("asks")) == (told["bids"], told["asks"])
        self.socket.close()


# MARK: The recipes


@pytest.mark.parametrize("market", BINANCE)
def test_the_recipe_leads_to_the_book(twin, market):
    client = BinanceClient(twin, market)
    client.follow(25)
    client.finish()
    assert client.restarts == 0


def test_okx_snapshot_and_updates(twin):
    client = OKXClient(twin)
    client.follow(40)
    client.finish()
    assert client.restarts == 0
    rows = [frame["data"][0] for frame in client.seen]
    assert client.seen[0]["action"] == "snapshot" and rows[0]["prevSeqId"] == -1
    assert len(rows[0]["bids"]) == 400 and len(rows[0]["bids"][0]) == 4
    assert all(later["prevSeqId"] == earlier["seqId"] for earlier, later in zip(rows, rows[1:]))
    assert "checksum" not in rows[0]


def test_a_second_listener_gets_a_snapshot_of_its_own(twin):
    first = OKXClient(twin)
    first.follow(10)
    second = OKXClient(twin)
    second.follow(10)
    first.follow(10)
    first.finish()
    drain(second.socket, second.take)
    assert (second.book.side("bids"), second.book.sequence) == (first.book.side("bids"), first.book.sequence)
    assert (first.restarts, second.restarts) == (0, 0)


@pytest.mark.parametrize("kind", ["right", "zero"])
def test_okx_checksums_of_older_times(start, kind):
    twin = start("--symbols", 2, "--rate", 1500, "--okx-checksum", kind)
    client = OKXClient(twin, "BTC-USDT-SWAP")
    for _ in range(20):
        client.follow(1)
        assert client.seen[-1]["data"][0]["checksum"] == (client.book.checksum() if kind == "right" else 0)
    client.finish()


def test_the_checksum_vectors_of_the_sheet():
    book = OKXBook()
    book.replace([["3366.1", "7"], ["3366", "6"]], [["3366.8", "9"], ["3368", "8"]], 1)
    assert book.checksum() == -1881014294
    book.replace([["3366.1", "7"]], [["3366.8", "9"], ["3368", "8"], ["3372", "8"]], 1)
    assert book.checksum() == 831078360


def test_okx_says_that_an_idle_book_lives(start):
    twin = start("--symbols", 1, "--rate", 1, "--okx-keepalive-ms", 150)
    client = OKXClient(twin)
    empty = lambda frame: "data" in frame and frame["data"][0]["seqId"] == frame["data"][0]["prevSeqId"]  # noqa: E731
    frame = frames(client.socket, 1, empty)[0]
    assert frame["action"] == "update" and frame["data"][0]["bids"] == frame["data"][0]["asks"] == []


@pytest.mark.slow
def test_deeper_books_than_a_snapshot_shows(start):
    twin = start("--symbols", 1, "--rate", 500, "--book-levels", 1500)
    answer = twin.rest("binance", "usdm_rest", BINANCE["usdm"][2])[2]
    assert (len(answer["bids"]), len(answer["asks"])) == (1000, 1000)
    assert len(truth(twin, "binance", "BTCUSDT", "usdm")["bids"]) >= 1400
    client = OKXClient(twin)
    client.follow(40)
    client.finish()
    assert client.restarts == 0


# MARK: Faults


@pytest.mark.parametrize("market", BINANCE)
def test_a_dropped_delta_is_a_gap(twin, market):
    client = BinanceClient(twin, market)
    client.follow(5)
    twin.fault("dropped_delta", venue="binance", market=market, stream=client.symbol)
    client.follow(10)
    client.finish()
    assert client.restarts == 1
    hit = next(line for line in twin.log() if line.get("fault") == "dropped_delta" and line.get("event") == "hit")
    assert int(hit["id"]) > hit["from"]
    assert not [line for line in twin.log() if line.get("kind") == "book" and line["id"] == hit["id"]]


def test_a_dropped_delta_at_okx(twin):
    client = OKXClient(twin)
    client.follow(5)
    twin.fault("dropped_delta", venue="okx", stream="book", count=2)
    client.follow(30)
    client.finish()
    assert client.restarts in (1, 2)


def test_a_doubled_delta_changes_nothing_on_spot_and_is_out_of_step_elsewhere(twin):
    for market, restarts in (("spot", 0), ("usdm", 1)):
        client = BinanceClient(twin, market)
        client.follow(5)
        twin.fault("doubled_delta", venue="binance", market=market, stream="book")
        client.follow(10)
        client.finish()
        assert client.restarts == restarts
        twin.post("/resume")


@pytest.mark.parametrize("venue", ["binance", "okx"])
def test_a_crossed_update(twin, venue):
    client = BinanceClient(twin, "spot") if venue == "binance" else OKXClient(twin)
    client.follow(5)
    twin.fault("crossed_update", venue=venue, stream="book")
    client.follow(25)
    client.finish()
    assert client.restarts == 1


@pytest.mark.parametrize("venue", ["binance", "okx"])
def test_a_zero_for_an_unknown_level_changes_nothing(twin, venue):
    client = BinanceClient(twin, "coinm") if venue == "binance" else OKXClient(twin)
    client.follow(5)
    twin.fault("zero_unknown", venue=venue, stream="book", count=3)
    client.follow(10)
    client.finish()
    assert client.restarts == 0
    assert len([line for line in twin.log() if line.get("fault") == "zero_unknown" and "kind" in line]) == 3


def test_wrong_and_dead_checksums(twin):
    client = OKXClient(twin)
    client.follow(3)

    def sums():
        return [frame["data"][0]["checksum"] for frame in client.seen if "checksum" in frame["data"][0]]

    twin.fault("wrong_checksum", venue="okx", stream="book")
    until(lambda: client.follow(1) or sums())
    twin.fault("checksum_zero", venue="okx", stream="book")
    until(lambda: client.follow(1) or len(sums()) > 1)
    client.finish()
    assert sums() == [-855196043, 0]


def test_a_stale_snapshot_is_older_than_what_was_kept(twin):
    first = BinanceClient(twin, "spot")
    first.follow(5)
    twin.fault("stale_snapshot", venue="binance", market="spot", stream="BTCUSDT", count=2)
    first.follow(5)
    client = BinanceClient(twin, "spot")
    client.take(frames(client.socket, 1)[0])
    assert [client.load(), client.load(), client.load()] == [False, False, True]
    client.follow(5)
    client.finish()


def test_a_snapshot_before_the_bridge(twin):
    client = BinanceClient(twin, "usdm")
    twin.fault("http_latency", venue="binance", market="usdm", path="/fapi/v1/depth", delay_ms=600, count=1)
    client.take(frames(client.socket, 1)[0])
    assert client.load()
    client.follow(20)
    client.finish()
    assert client.restarts <= 1


def test_a_snapshot_after_the_bridge(twin):
    twin.fault("delay_stream", venue="binance", market="spot", stream="book", delay_ms=700, duration_ms=3000)
    client = BinanceClient(twin, "spot")
    client.take(frames(client.socket, 1)[0])
    assert client.load() and not client.book.bridged
    client.follow(40)
    client.finish()
    assert client.restarts == 0


def test_delayed_frames_keep_their_order(twin):
    with twin.ws("binance", "spot_ws", "/ws/btcusdt@trade") as socket:
        frames(socket, 3)
        twin.fault("delay_stream", stream="btcusdt@trade", delay_ms=300, duration_ms=400)
        got = [frame["t"] for frame in frames(socket, 600)]
    assert got == list(range(got[0], got[0] + 600))


def test_a_sequence_that_starts_over(twin):
    spot, okx = BinanceClient(twin, "spot"), OKXClient(twin)
    spot.follow(3)
    okx.follow(3)
    assert twin.fault("sequence_reset", stream="BTCUSDT", sequence=500)["id"] == 1
    twin.fault("sequence_reset", venue="okx", stream="BTC-USDT", sequence=7)
    event = frames(spot.socket, 1, lambda event: event["u"] < 1_000_000)[0]
    assert event["U"] == 501
    okx.follow(15)
    okx.finish()
    reset = [frame["data"][0] for frame in okx.seen if frame["data"][0]["seqId"] < frame["data"][0]["prevSeqId"]]
    assert len(reset) == 1 and okx.restarts == 0
    spot.socket.close()


def test_fields_come_and_go(twin):
    with twin.ws("binance", "usdm_market_ws", "/ws/btcusdt@aggTrade") as socket:
        frames(socket, 2)
        twin.fault("new_field", stream="agg_trade", field="zz", text="hello")
        assert frames(socket, 1, lambda frame: "zz" in frame)[0]["zz"] == "hello"
        twin.fault("vanished_field", stream="agg_trade", field="nq")
        assert "q" in frames(socket, 1, lambda frame: "nq" not in frame)[0]
        twin.fault("retyped_field", stream="agg_trade", field="q")
        assert isinstance(frames(socket, 1, lambda frame: not isinstance(frame["q"], str))[0]["q"], (int, float))
    with twin.ws("okx", "public_ws") as socket:
        okx_subscribe(socket, ("books", SYMBOL))
        twin.fault("new_field", venue="okx", stream="book", field="zz")
        assert frames(socket, 1, lambda frame: "data" in frame and "zz" in frame["data"][0])
        twin.fault("vanished_field", venue="okx", stream="book", field="prevSeqId")
        assert frames(socket, 1, lambda frame: "data" in frame and "prevSeqId" not in frame["data"][0])


def test_nothing_happens_while_paused(twin):
    with twin.ws("binance", "spot_ws", "/ws/btcusdt@trade") as socket:
        frames(socket, 3)
        twin.post("/pause")
        drain(socket, lambda frame: None)
        before, turns = truth(twin, "binance", "BTCUSDT", "spot"), twin.stats()["uptime_ms"]
        until(lambda: twin.stats()["uptime_ms"] > turns + 100)
        assert truth(twin, "binance", "BTCUSDT", "spot") == before and before["paused"]
        assert list(told(socket)) == []
        twin.post("/resume")
        frames(socket, 3)
    assert twin.get(twin.control + "/book?venue=binance&symbol=NOPE")[0] == 404


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_after_any_faults_the_recipes_lead_to_the_book(start, seed):
    draw = random.Random(seed)
    twin = start("--symbols", 2, "--rate", 1200, "--no-limits", "--seed", seed, "--book-levels", 450)
    clients = [BinanceClient(twin, "spot"), BinanceClient(twin, "usdm"), OKXClient(twin)]
    for _ in range(6):
        kind = draw.choice(["dropped_delta", "doubled_delta", "crossed_update", "zero_unknown", "reorder", "new_field"])
        twin.fault(kind, stream="book", count=draw.randint(1, 3))
        for client in clients:
            client.follow(draw.randint(3, 8))
    until(lambda: not twin.get(twin.control + "/faults")[2]["active"])
    for client in clients:
        client.follow(5)
        client.finish()
        twin.post("/resume")
