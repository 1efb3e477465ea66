# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Plain clients of HTX, Coinbase and the gateway, by the venue sheets and the gateway's protocol page."""

import gzip
import json
import time
from decimal import Decimal

from books import Book, OutOfStep
from conftest import PATIENCE, told, until


class Client:
    """A socket whose frames come as JSON with exact numbers."""

    def __init__(self, twin, venue, endpoint):
        self.twin = twin
        self.socket = twin.ws(venue, endpoint).__enter__()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, **message):
        self.socket.send(json.dumps(message))

    def parse(self, message):
        return json.loads(message, parse_float=Decimal)

    def answer(self, frame):
        """True where the frame was one of the heartbeat's."""
        return False

    def receive(self, limit=PATIENCE):
        """The next frame that is not a heartbeat's."""
        end = time.monotonic() + limit
        while True:
            frame = self.parse(self.socket.recv(timeout=max(0.01, end - time.monotonic())))
            if not self.answer(frame):
                return frame

    def frames(self, count, accept=lambda frame: True, limit=PATIENCE):
        taken = []
        end = time.monotonic() + limit
        while len(taken) < count:
            frame = self.receive(max(0.01, end - time.monotonic()))
            if accept(frame):
                taken.append(frame)
        return taken

    def drain(self, take=lambda frame: None):
        """Hands to `take` every frame that the twin has sent by now."""
        for message in told(self.socket):
            frame = self.parse(message)
            if not self.answer(frame):
                take(frame)


class HTXClient(Client):
    """Binary frames are gzip, text is as it is; pings are answered in the dialect of the socket."""

    def __init__(self, twin, endpoint, pongs=True):
        super().__init__(twin, "htx", endpoint)
        self.pongs, self.pings = pongs, []

    def parse(self, message):
        if isinstance(message, bytes):
            assert message[:2] == b"\x1f\x8b"
            message = gzip.decompress(message)
        return super().parse(message)

    def answer(self, frame):
        if "ping" in frame:
            reply = {"pong": frame["ping"]}
        elif frame.get("op") == "ping":
            reply = {"op": "pong", "ts": frame["ts"]}
        else:
            return False
        self.pings.append(frame)
        if self.pongs:
            self.send(**reply)
        return True

    def subscribe(self, *topics, **more):
        for topic in topics:
            self.send(sub=topic, id=topic, **more)

    def notices(self, *topics, operation="sub"):
        for topic in topics:
            self.send(op=operation, cid=topic, topic=topic)


def of(channel):
    """Accepts the pushes of a topic that ends so."""
    return lambda frame: frame.get("ch", "").endswith(channel)


class NumberBook(Book):
    """A book whose prices and sizes are numbers."""

    def side(self, name, limit=None):
        side = self.bids if name == "bids" else self.asks
        prices = sorted(side, reverse=name == "bids")[:limit]
        return [[Decimal(price), Decimal(side[price])] for price in prices]

    @property
    def crossed(self):
        return self.side("bids", 1)[0][0] >= self.side("asks", 1)[0][0]


def exact(levels):
    return [[Decimal(price), Decimal(size)] for price, size in levels]


class IncrementBook:
    """HTX sheet, section 5: `mbp` increments around a snapshot that was asked for on the same connection."""

    def __init__(self, twin, symbol="btcusdt", levels=150):
        self.twin, self.symbol, self.levels = twin, symbol, levels
        self.topic = f"market.{symbol}.mbp.{levels}"
        self.client = HTXClient(twin, "spot_feed_ws")
        self.book, self.kept, self.requests = NumberBook(levels), [], 0
        self.client.subscribe(self.topic)
        assert self.client.receive()["subbed"] == self.topic

    def request(self):
        self.requests += 1
        self.book.sequence = None
        self.client.send(req=self.topic, id="snapshot")

    def take(self, frame):
        if frame.get("rep") == self.topic:
            self.snapshot(frame["data"])
        elif frame.get("ch") == self.topic:
            tick = frame["tick"]
            self.kept.append(tick)
            if self.book.sequence is not None:
                self.use()

    def snapshot(self, data):
        first = self.kept[0]["prevSeqNum"] if self.kept else None
        if data is None or first is not None and data["seqNum"] < first:
            return self.request()
        self.book.replace(data["bids"], data["asks"], data["seqNum"])
        self.kept = [tick for tick in self.kept if tick["prevSeqNum"] >= data["seqNum"]]
        self.use()

    def use(self):
        while self.kept:
            tick = self.kept.pop(0)
            try:
                if tick["prevSeqNum"] != self.book.sequence:
                    raise OutOfStep(f"{tick['prevSeqNum']} after {self.book.sequence}")
                self.book.apply(tick.get("bids") or [], tick.get("asks") or [])
                self.book.sequence = tick["seqNum"]
                if self.book.crossed:
                    raise OutOfStep("crossed")
            except OutOfStep:
                self.kept = []
                return self.request()

    def follow(self, count):
        for _ in range(count):
            self.take(self.client.frames(1, lambda frame: "ch" in frame or "rep" in frame)[0])
            if self.requests == 0:
                self.request()

    def finish(self):
        """Pauses the twin and compares whole windows."""
        while self.book.sequence is None:
            self.follow(1)
        self.twin.post("/pause")
        until(lambda: self.client.drain(self.take) or self.book.sequence is not None)
        path = f"/book?venue=htx&symbol={self.symbol}&market=spot&limit={self.levels}"
        told = self.twin.get(self.twin.control + path)[2]
        assert self.book.sequence == told["streams"][self.topic]
        assert self.book.side("bids") == exact(told["bids"])
        assert self.book.side("asks") == exact(told["asks"])
        self.client.socket.close()


class GatewayClient(Client):
    """Sends CONNECT where it is asked to, answers PING."""

    TOKEN = "twin-csrf-token"

    def __init__(self, twin, pongs=True):
        super().__init__(twin, "gateway", "ws")
        self.pongs = pongs

    def answer(self, frame):
        if frame["type"] != "PING":
            return False
        if self.pongs:
            self.send(type="PONG", id=frame["id"])
        return True

    def connect(self, symbols=("BTC-USDT",), resolutions=("1m",), market="spot", token=TOKEN, **more):
        self.send(
            type="CONNECT",
            csrf_token=token,
            market_type=market,
            symbols=list(symbols),
            resolutions=list(resolutions),
            **more,
        )
