# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Several feeds of one venue that share its symbols: who streams what, what a change of their number cost."""

import json
import subprocess
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Optional

import programs

from .feed import Feed, feed_settings
from .records import Reader
from .stage import Stage
from .tally import Tally
from .waiting import eventually

VENUE = "binance"
CHANNELS = ("trade", "bbo", "book")
TOPICS = ("md.trade.v1", "md.bbo.v1", "md.book.v1", "sys.feed_status.v1", "sys.integrity.v1")
MARKET = TOPICS[:3]


@dataclass
class Change:
    """One change of the number of feeds."""

    title: str
    began: float
    took: float
    moved: int
    doubled: int = 0
    overlaps: list[float] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """For a table."""
        spread = sorted(self.overlaps) or [0.0]
        return {
            "change": self.title,
            "took_s": self.took,
            "symbols_moved": self.moved,
            "overlap_s_median": spread[len(spread) // 2],
            "overlap_s_most": spread[-1],
            "trades_twice": self.doubled,
        }


class SharedFeeds:
    """A twin of one venue, a broker, and as many feeds of the venue as a test wants."""

    def __init__(
        self,
        stage: Stage,
        broker: Any,
        symbols: int,
        rate: int,
        channels: tuple[str, ...] = CHANNELS,
        seed: int = 7,
        **settings: Any,
    ) -> None:
        self.stage, self.broker, self.channels = stage, broker, channels
        arguments = ("--symbols", str(symbols), "--rate", str(rate), "--seed", str(seed), "--venues", VENUE)
        self.twin = stage.twin(*arguments, "--crossed-every-ms", "0", "--no-limits", frames=False)
        book = self.twin.instruments(VENUE)
        self.symbols = sorted(symbol for symbol in book.symbols("spot") if symbol.count("-") == 1)[:symbols]
        self.settings = settings
        self.tag = f"{seed}-{self.twin.ready['port']}"
        self.tally = Tally(MARKET, self.tag)
        self.reader = stage.keep(Reader(broker.bootstrap, TOPICS, self.tally.take))
        self.feeds: dict[str, Feed] = {}
        self.changes: list[Change] = []

    def start(self, name: str) -> Feed:
        """One more feed; returns at once."""
        instance = f"scale-{name}-{self.tag}"
        settings = feed_settings(
            VENUE, instance, self.broker, self.twin.endpoints(VENUE), ["spot"], self.symbols, **self.settings
        )
        settings[f"venues.{VENUE}.channels"] = list(self.channels)
        settings["feed.shared"] = True
        self.feeds[instance] = self.stage.feed(VENUE, settings, instance)
        return self.feeds[instance]

    def end(self, name: str, number: int) -> Feed:
        """Sends a signal to a feed, which counts no more."""
        feed = self.feeds.pop(f"scale-{name}-{self.tag}")
        feed.signal(number)
        return feed

    # Who has what

    def statuses(self) -> dict[str, dict[str, Any]]:
        """The newest word of every feed that runs."""
        newest = {}
        for record in self.reader.records("sys.feed_status.v1"):
            if record.key in self.feeds and record.value is not None:
                newest[record.key] = record.value
        return newest

    def owners(self) -> dict[str, str]:
        """The one feed of every symbol, where all its channels are live and nothing is on the move; empty while not so."""
        for instance, feed in self.feeds.items():
            assert feed.running, f"{instance} ended with {feed.process.returncode}:\n{feed.tail()}"
        statuses = self.statuses()
        if len(statuses) < len(self.feeds):
            return {}
        found: dict[str, set[str]] = defaultdict(set)
        for instance, status in statuses.items():
            share = status.get("share")
            if share is None or not share["partitions"] or share["leaving"]:
                return {}
            if any(stream["state"] != "live" for stream in status["streams"]):
                return {}
            for stream in status["streams"]:
                found[stream["symbol"]].add(instance)
            channels = [(stream["symbol"], stream["channel"]) for stream in status["streams"]]
            if len(channels) != len(self.channels) * len({symbol for symbol, _ in channels}):
                return {}
        if set(found) != set(self.symbols) or any(len(owners) != 1 for owners in found.values()):
            return {}
        partitions = sorted(p for status in statuses.values() for p in status["share"]["partitions"])
        if partitions != list(range(next(iter(statuses.values()))["share"]["of"])):
            return {}
        return {symbol: next(iter(owners)) for symbol, owners in found.items()}

    def settled(self, title: str, began: float, before: dict[str, str], within: float = 120) -> dict[str, str]:
        """The owners when every symbol has one again; notes how long that took."""
        owners = eventually(f"{title}: one feed for each symbol", self.owners, within)
        moved = sum(before.get(symbol) != owner for symbol, owner in owners.items()) if before else 0
        self.changes.append(Change(title, began, time.time() - began, moved))
        return owners

    def count(self) -> int:
        """How many market records of these feeds were read."""
        return self.tally.count

    def taken_over(self, killed: str) -> set[str]:
        """The symbols of which a feed says that it took them over from one that is gone."""
        return {
            incident["symbol"]
            for value in self.reader.values("sys.integrity.v1")
            for incident in value["incidents"]
            if incident["kind"] == "taken_over" and incident["stream"] == killed
        }

    def flowing(self, count: int = 500, within: float = 30) -> None:
        """Waits until so many more records have come."""
        before = self.count()
        eventually("more records", lambda: self.count() >= before + count, within)

    # What it cost

    def measure(self) -> None:
        """Notes for every change how long two feeds streamed the same symbol, and how many trades came twice."""
        spans = self.tally.spans("md.bbo.v1")
        edges = [change.began for change in self.changes[1:]] + [float("inf")]
        for change, end in zip(self.changes, edges):
            for parts in spans.values():
                for (_, _, last), (_, first, _) in zip(parts, parts[1:]):
                    if change.began <= first / 1e6 < end and last > first:
                        change.overlaps.append((last - first) / 1e6)
            change.doubled = self.tally.trades_twice(change.began, end)

    def uncovered_quotes(self) -> dict[str, float]:
        """For how many seconds a symbol's quotes had no feed, where that was so."""
        found: dict[str, float] = {}
        for symbol, parts in self.tally.spans("md.bbo.v1").items():
            last = parts[0][2]
            for _, first, end in parts[1:]:
                if first > last:
                    found[symbol] = found.get(symbol, 0) + (first - last) / 1e6
                last = max(last, end)
        return found

    def table(self) -> str:
        """The changes, one a line."""
        rows = [change.row() for change in self.changes]
        lines = ["  ".join(rows[0])]
        lines += ["  ".join(f"{v:.2f}" if isinstance(v, float) else str(v) for v in row.values()) for row in rows]
        return "\n".join(lines)


def verify(broker: Any, since: Optional[float] = None) -> tuple[int, list[dict[str, Any]]]:
    """What `marketbus verify` says: its exit code and its findings."""
    span = [] if since is None else ["--from", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(since))]
    done = marketbus(broker, "verify", "--json", *span)
    assert done.returncode in (0, 1), done.stdout[-2000:] + done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def marketbus(broker: Any, *words: str) -> subprocess.CompletedProcess:
    """Runs the operator's command on a broker."""
    sets = {"kafka.bootstrap_servers": broker.bootstrap, **broker.settings}
    flags = [word for key, value in sets.items() for word in ("--set", f"{key}={str(value).lower()}")]
    command = [str(programs.binary("marketbus")), *words, *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
