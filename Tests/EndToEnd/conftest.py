# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The stage of a test: programs that are always taken down, with their last words when it fails."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Iterator

import pytest

import programs
from harness.brokers import EmbeddedBroker, NamedCluster
from harness.feed import Feed
from harness.records import Reader
from harness.report import REPORT
from harness.twin import Twin


class Stage:
    """Starts what a test needs and stops it in reverse order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs: list[Any] = []
        self._stack = ExitStack()

    def twin(self, *arguments: str, name: str = "twin") -> Twin:
        """A running twin."""
        twin = Twin(self.folder, *arguments, name=name)
        self._stack.callback(twin.close)
        self.programs.append(twin.program)
        return twin

    def feed(self, venue: str, settings: dict[str, Any], name: str = "", flags: tuple[str, ...] = ()) -> Feed:
        """A running feed."""
        feed = Feed(venue, settings, self.folder, name or None, flags)
        self._stack.callback(feed.stop)
        self.programs.append(feed)
        return feed

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


@pytest.fixture
def stage(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The test's stage."""
    made = Stage(tmp_path)
    request.node.stage = made
    try:
        yield made
    finally:
        made.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Puts the end of every program's log under a failed test."""
    outcome = yield
    report = outcome.get_result()
    made = getattr(item, "stage", None)
    if report.failed and made is not None:
        for program in made.programs:
            report.sections.append((f"{program.name} (exit {program.process.poll()})", program.tail(40)))


@pytest.fixture(params=["embedded", pytest.param("named", marks=pytest.mark.kafka)])
def broker_kind(request: pytest.FixtureRequest) -> str:
    """Both kinds of broker; the named one only where the environment names it."""
    if request.param == "named" and not os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        pytest.skip("KAFKA_BOOTSTRAP_SERVERS is not set")
    if request.param == "embedded":
        need("marketbus")
    return request.param


def need(*names: str) -> None:
    """Skips where a program is not built."""
    for name in names:
        if programs.binary(name) is None:
            pytest.skip(f"{name} is not built")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Shows the drills' figures and writes them down."""
    text = REPORT.text()
    if text:
        terminalreporter.write_sep("=", "drills")
        terminalreporter.write_line(text)
        REPORT.write()
