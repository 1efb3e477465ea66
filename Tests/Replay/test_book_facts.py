# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The oracle's books against what the recordings' own page says of them, stretch by stretch: that makes it an oracle.

The page (README.md beside the recordings) was counted by other code: diffs, gaps, bridges, checksums, crossings.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Iterator

import pytest

import recordings
from oracle import Replay, replay
from oracle.books import BookMachine
from oracle.contracts import SPOT, Contract
from oracle.ladder import Ladder
from oracle.okx import BOOK_CHANNELS, book_frame
from oracle.outcomes import Level
from oracle.publish import spelled
from oracle.rules import OKXRule
from oracle.symbols import Name
from reader import BookReader


@dataclass
class Stretch:
    """One row of the page."""

    file: str
    symbol: str
    said: str

    def number(self, pattern: str) -> int:
        """A number that the row states."""
        found = re.search(pattern, self.said)
        assert found, (pattern, self.said)
        return int(found[1])


@dataclass
class Checked:
    """What the book machine makes of one OKX instrument, options included."""

    snapshots: int = 0
    updates: int = 0
    checksums: int = 0
    kinds: Counter = field(default_factory=Counter)


def stretches(venue: str) -> list[Stretch]:
    root = recordings.folder()
    if root is None or not (root.parent / "README.md").is_file():
        return []
    rows = re.findall(r"^\| (\S+\.session\.jsonl) \| (\S+) \| ([^|]+) \|$", (root.parent / "README.md").read_text(), re.M)
    return [Stretch(*row) for row in rows if row[0].startswith(venue + "/")]


_REPLAYED: dict[str, Replay] = {}


def replayed(file: str) -> Replay:
    """A session through the oracle, with the instruments known."""
    if file not in _REPLAYED:
        found = recordings.recordings(file.split("/")[0], "session")
        recording = next(recording for recording in found if recording.name == file)
        _REPLAYED.clear()
        _REPLAYED[file] = replay(recording.venue, recording.lines(), recording.market, [recording.instruments])
    return _REPLAYED[file]


def books(stretch: Stretch) -> list[dict[str, Any]]:
    """The book records of a stretch, after a reader has rebuilt the same top from each and the same book from all."""
    reader = BookReader()
    values: list[dict[str, Any]] = []
    for record in replayed(stretch.file).of("md.book.v1"):
        if record.value["venue_symbol"] != stretch.symbol:
            continue
        reader.take(record.value)
        assert reader.top(25) == tuple(map(list, record.top)), record.line
        values.append(record.value)
    if reader.valid:
        whole = replayed(stretch.file).books[values[-1]["symbol"]].proven()
        assert (reader.side("bids"), reader.side("asks")) == tuple(map(spelled, whole))
    return values


def identify(stretch: Stretch) -> str:
    return f"{stretch.file.split('/')[-1]}-{stretch.symbol}"


@pytest.mark.parametrize("stretch", stretches("binance"), ids=identify)
def test_binance_diffs_bridge_and_have_no_gap(stretch: Stretch) -> None:
    kinds = Counter((value["kind"], value["reason"]) for value in books(stretch))
    if "no snapshot in file" in stretch.said:
        assert not kinds
        return
    assert "gaps 0" in stretch.said and "bridged yes" in stretch.said
    assert kinds.pop(("delta", None)) == stretch.number(r"^(\d+) diffs")
    assert kinds.keys() == {("snapshot", None)}
    assert len({value["book_epoch"] for value in books(stretch)}) == 1


@pytest.mark.parametrize("stretch", stretches("coinbase"), ids=identify)
def test_coinbase_books_never_cross(stretch: Stretch) -> None:
    values = books(stretch)
    kinds = Counter(value["kind"] for value in values)
    assert "crossed 0" in stretch.said and "invalid" not in kinds
    assert kinds["delta"] == stretch.number(r"(\d+) updates")
    assert len({value["book_epoch"] for value in values}) == stretch.number(r"^(\d+) snapshot")
    result = replayed(stretch.file)
    for topic, pattern in (("md.trade.v1", r"(\d+) matches"), ("md.ticker.v1", r"(\d+) tickers")):
        found = [record for record in result.of(topic) if record.value["venue_symbol"] == stretch.symbol]
        assert len(found) == stretch.number(pattern)


@pytest.mark.parametrize("stretch", stretches("htx"), ids=identify)
def test_htx_pushes_are_in_order(stretch: Stretch) -> None:
    values = books(stretch)
    pushes = list(htx_pushes(stretch))
    assert "order breaks 0" in stretch.said
    assert len(pushes) == stretch.number(r"^(\d+) full books")
    assert pushes == sorted(pushes)
    assert [value["venue_seq"] for value in values] == list(dict.fromkeys(pushes))
    assert {value["kind"] for value in values} == {"snapshot"} and len({value["book_epoch"] for value in values}) == 1


def htx_pushes(stretch: Stretch) -> Iterator[int]:
    """The numbers of the full books of a symbol, repeats too."""
    for event in session_frames(stretch.file):
        if event.get("ch") == f"market.{stretch.symbol}.depth.step0":
            yield event["tick"]["version" if "/spot/" in stretch.file else "mrid"]


def session_frames(file: str) -> Iterator[dict[str, Any]]:
    root = recordings.folder()
    assert root is not None
    for line in (root / file).read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["dir"] == "in" and event["msg"].startswith("{"):
            yield json.loads(event["msg"])


def okx_checked(file: str) -> dict[str, Checked]:
    """Every instrument of an OKX session through the book machine, options too, in contracts as sent."""
    found: dict[str, Checked] = {}
    machines: dict[str, BookMachine] = {}
    for frame in session_frames(file):
        if frame.get("arg", {}).get("channel") not in BOOK_CHANNELS or "data" not in frame:
            continue
        name = frame["arg"]["instId"]
        as_sent = Contract(Name(name, "", ""), name, SPOT, Decimal(1), None)
        machine = machines.setdefault(name, BookMachine(OKXRule()))
        checked = found.setdefault(name, Checked())
        for row in frame["data"]:
            parsed = book_frame(row, as_sent, frame["action"], "books")
            updates = machine.frame(parsed, 0)
            checked.snapshots += frame["action"] == "snapshot"
            checked.updates += frame["action"] == "update"
            checked.checksums += parsed.checksum not in (None, 0) and machine.ladder.checksum() == parsed.checksum
            checked.kinds.update(update.reason or update.kind for update in updates)
    return found


@pytest.mark.parametrize("stretch", stretches("okx"), ids=identify)
def test_okx_checksums_hold(stretch: Stretch) -> None:
    checked = okx_checked(stretch.file)[stretch.symbol]
    assert "checksum failures 0" in stretch.said
    assert checked.snapshots == stretch.number(r"^(\d+) snapshot") and checked.updates == stretch.number(r"(\d+) updates")
    assert checked.checksums == checked.snapshots + checked.updates
    assert checked.kinds.keys() <= {"snapshot", "delta"}


@pytest.mark.skipif(not stretches("okx"), reason="MARKETBUS_RECORDED_DATA is not set")
def test_every_recorded_checksum_holds() -> None:
    """EVENTS 19 counts 5,473, of a larger set: these are the ones at hand, options included."""
    files = dict.fromkeys(stretch.file for stretch in stretches("okx"))
    totals = [checked for file in files for checked in okx_checked(file).values()]
    frames = sum(checked.snapshots + checked.updates for checked in totals)
    assert sum(checked.checksums for checked in totals) == frames
    assert frames == 3455


def test_the_checksum_of_the_sheet() -> None:
    """The two books of okx.md section 4."""
    def level(price: str, size: str) -> Level:
        return Level(Decimal(price), Decimal(size), price, size)

    first = Ladder([level("3366.1", "7"), level("3366", "6")], [level("3366.8", "9"), level("3368", "8")])
    assert first.checksum() == -1881014294
    second = Ladder([level("3366.1", "7")], [level("3366.8", "9"), level("3368", "8"), level("3372", "8")])
    assert second.checksum() == 831078360
