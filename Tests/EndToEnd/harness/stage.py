# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The stage of a test: programs that are always taken down, with their last words when it fails."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import programs

from .brokers import EmbeddedBroker, NamedCluster
from .feed import Feed, Service
from .records import Reader
from .twin import Twin


class Stage:
    """Starts what a test needs and stops it in reverse order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs: list[Any] = []
        self._stack = ExitStack()

    def twin(self, *arguments: str, name: str = "twin", frames: bool = True) -> Twin:
        """A running twin, with a log of all frames unless told otherwise."""
        twin = Twin(self.folder, *arguments, name=name, frames=frames)
        self._stack.callback(twin.close)
        self.programs.append(twin.program)
        return twin

    def feed(self, venue: str, settings: dict[str, Any], name: str = "", flags: tuple[str, ...] = ()) -> Feed:
        """A running feed."""
        feed = Feed(venue, settings, self.folder, name or None, flags)
        self._stack.callback(feed.stop)
        self.programs.append(feed)
        return feed

    def aggregator(self, broker: Any, settings: dict[str, Any], name: str = "aggregator") -> Service:
        """A running aggregator of a broker's topics."""
        whole = {"service.instance": name, "http.port": 0, "kafka.bootstrap_servers": broker.bootstrap, **broker.settings}
        aggregator = Service("aggregator", {**whole, **settings}, self.folder, name)
        self._stack.callback(aggregator.stop)
        self.programs.append(aggregator)
        return aggregator

    def broker(self, kind: str) -> Any:
        """The embedded broker or the named cluster."""
        broker = EmbeddedBroker(self.folder) if kind == "embedded" else NamedCluster()
        self._stack.callback(broker.close)
        if kind == "embedded":
            self.programs.append(broker.program)
        return broker

    def reader(self, broker: Any) -> Reader:
        """A reader of all topics from now on."""
        reader = Reader(broker.bootstrap)
        self._stack.callback(reader.close)
        return reader

    def keep(self, thing: Any) -> Any:
        """Closes something else at the end."""
        self._stack.callback(thing.close)
        return thing

    def close(self) -> None:
        """Stops everything."""
        self._stack.close()


def need(*names: str) -> None:
    """Skips where a program is not built."""
    for name in names:
        if programs.binary(name) is None:
            pytest.skip(f"{name} is not built")
