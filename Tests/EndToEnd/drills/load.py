# Part of MarketBus. Apache License 2.0, see LICENSE.
"""A feed under a generated load, and everything that it publishes."""

from typing import Any, Optional

from harness.feed import Feed, feed_settings
from harness.stage import Stage, need
from harness.twin import Twin
from harness.waiting import eventually

SPOT_SYMBOLS = 20


class Load:
    """A twin at a rate, a feed on it, and a reader of what the feed publishes.

    Without symbols the feed has all spot ones, by the instruments that the oracle reads of Binance and OKX.
    """

    def __init__(
        self,
        stage: Stage,
        broker: Any,
        venue: str,
        rate: int,
        seed: int,
        symbols: Optional[list[str]] = None,
        begins: bool = True,
        **settings: Any,
    ) -> None:
        need("exchange-twin", f"{venue}-feed")
        self.stage, self.broker, self.venue = stage, broker, venue
        self.reader = stage.reader(broker)
        arguments = ("--rate", str(rate), "--symbols", str(SPOT_SYMBOLS), "--seed", str(seed))
        self.twin: Twin = stage.twin(*arguments, name=f"twin-{seed}")
        if symbols is None:
            self.book = self.twin.instruments(venue)
            market = "okx" if venue == "okx" else "spot"
            symbols = [symbol for symbol in self.book.symbols(market) if symbol.count("-") == 1]
        self.symbols = symbols
        self.instance = f"drill-{venue}-{seed}-{self.twin.ready['port']}"
        self.settings = feed_settings(
            venue, self.instance, broker, self.twin.endpoints(venue), ["spot"], self.symbols, **settings
        )
        if begins:
            self.start()

    def start(self, name: str = "") -> Feed:
        """Starts the feed (again) and waits until it is ready."""
        self.feed = self.stage.feed(self.venue, self.settings, name)
        self.feed.wait_ready()
        return self.feed

    def records(self, *topics: str) -> list[Any]:
        """What was read of this feed."""
        return [
            record
            for record in self.reader.records()
            if isinstance(record.value, dict)
            and record.value.get("feed") == self.instance
            and (not topics or record.topic in topics)
        ]

    def market_count(self) -> int:
        """How many trades and quotes of this feed were read."""
        return len(self.records("md.trade.v1", "md.bbo.v1"))

    def flowing(self, count: int = 2000, within: float = 60) -> None:
        """Waits until `count` more records have come."""
        before = self.market_count()
        eventually(f"{count} more records", lambda: self.market_count() >= before + count, within, every=0.2)
