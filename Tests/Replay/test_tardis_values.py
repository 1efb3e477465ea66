# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The oracle against what tardis-node's mappers say of the same frames, row by row.

Each kind of difference has a name and a line in DIFFERENCES.md with its count; a difference without a name fails, and so
does a count that is no longer right.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any, Callable

import pytest

import recordings
from expected import Line, iso_to_us, lines, near, table
from oracle.numbers import spell
from oracle.outcomes import BookFrame, Funding, Liquidation, OpenInterest, Quote, Reference, Ticker, Trade

KINDS = {"trade": Trade, "book_ticker": Quote, "liquidation": Liquidation, "book_change": BookFrame}


@pytest.mark.skipif(recordings.folder() is None, reason="MARKETBUS_RECORDED_DATA is not set")
def test_tardis_says_the_same_but_for_named_differences() -> None:
    differences: Counter = Counter()
    rows = 0
    for line in lines("mapped.tardis.jsonl"):
        names = compared(line)
        differences.update(names)
        rows += len(line.theirs["normalized"])
    assert rows == 77
    page = (Path(__file__).parent / "DIFFERENCES.md").read_text(encoding="utf-8")
    assert dict(differences) == table(page, "tardis")


def compared(line: Line) -> list[str]:
    """The names of the differences of one frame."""
    rows = line.theirs["normalized"]
    events = [event for event in line.events if not isinstance(event, Reference)]
    if not rows:
        return without_row(line, events)
    if all(row["symbol"].endswith(("-C", "-P")) for row in rows):
        assert not line.records, line.frame
        return ["option-not-published"] * len(rows)
    if len(rows) == len(events) == 1:
        return row_differences(line, rows[0], events[0])
    assert len(rows) == 1 and not events, f"{len(rows)} rows, {len(events)} events: {line.frame}"
    return without_event(line, rows[0])


def without_row(line: Line, events: list[Any]) -> list[str]:
    """Frames that they pass over."""
    if not line.records:
        return []
    (event,) = events
    if isinstance(event, Quote) and '"bbo-tbt"' in line.frame:
        return ["bbo-tbt-not-mapped"]
    if isinstance(event, Ticker):
        return ["unchanged-ticker-passed-over"]
    if isinstance(event, Liquidation) and line.recording.venue == "okx":
        return ["repeated-liquidation"]
    if isinstance(event, Liquidation):
        return ["contract-not-yet-known"]
    assert isinstance(event, BookFrame) and not event.bids and not event.asks, line.frame
    return ["empty-book-passed-over"]


def without_event(line: Line, row: dict[str, Any]) -> list[str]:
    """Rows for frames that give us no event, or for which they say something else."""
    if line.dead_letter is not None:
        return [dead_letter_name(line, row)]
    if '"generated":true' in line.frame:
        return ["generated-frame"]
    if ".basis." in line.frame:
        return ["basis-not-read"]
    (reference,) = line.events
    assert reference.kind == "mark" and near(reference.price, row["markPrice"]), line.frame
    return ["mark-alone-is-no-event"]


def dead_letter_name(line: Line, row: dict[str, Any]) -> str:
    """Frames that we refuse."""
    if line.dead_letter == "unknown_instrument":
        return "contract-size-unknown" if "-USDT-" in row["symbol"] else "alias-not-among-the-instruments"
    if row.get("side") == "unknown":
        return "side-unknown"
    assert line.dead_letter == "bad_number" and "0.-10000" in line.frame, line.frame
    return "unreadable-level-skipped"


def row_differences(line: Line, row: dict[str, Any], event: Any) -> list[str]:
    """The differences of one row and one event."""
    if row["type"] == "book_ticker" and isinstance(event, Ticker):
        return ["ticker-taken-as-quote"]
    names = symbol_differences(line, row, event)
    if row["type"] == "derivative_ticker":
        return names + derivative(line, row, event)
    assert isinstance(event, KINDS[row["type"]]), line.frame
    checks: dict[str, Callable[[Line, dict[str, Any], Any], list[str]]] = {
        "trade": trade,
        "book_ticker": quote,
        "liquidation": liquidation,
        "book_change": book,
    }
    return names + checks[row["type"]](line, row, event) + times(line, row, event.exchange_us)


def symbol_differences(line: Line, row: dict[str, Any], event: Any) -> list[str]:
    if event.venue_symbol == row["symbol"]:
        return []
    if event.venue_symbol.upper() == row["symbol"]:
        return ["symbol-in-upper-case"]
    assert line.recording.path.parent.name == "futures" and "_" in row["symbol"], line.frame
    return ["alias-for-contract"]


def trade(line: Line, row: dict[str, Any], event: Trade) -> list[str]:
    assert event.side == row["side"] and near(event.price, row["price"]), line.frame
    names = []
    if event.trade_id != row["id"]:
        assert row["id"] is None or row["id"] == "undefined", line.frame
        names.append("id-left-out")
    return names + size(line, event.size, row["amount"])


def size(line: Line, ours: str, amount: Any) -> list[str]:
    if near(ours, amount):
        return []
    payload = line.payload["data"][0] if isinstance(line.payload.get("data"), list) else line.payload
    counted = next(payload[name] for name in ("sz", "volume", "amount") if name in payload)
    assert "USDT" in line.frame and near(counted, amount), (ours, line.frame)
    return ["contracts-for-base-size"]


def quote(line: Line, row: dict[str, Any], event: Quote) -> list[str]:
    sides = (("bid", "bidPrice"), ("bid_size", "bidAmount"), ("ask", "askPrice"), ("ask_size", "askAmount"))
    for name, other in sides:
        assert near(getattr(event, name), row[other]), line.frame
    return []


def liquidation(line: Line, row: dict[str, Any], event: Liquidation) -> list[str]:
    assert event.side == row["side"], line.frame
    names = [] if near(event.price, row["price"]) else ["average-price-of-liquidation"]
    assert not names or near(line.payload["o"]["ap"], row["price"]), line.frame
    return names + size(line, event.size, row["amount"])


def book(line: Line, row: dict[str, Any], event: BookFrame) -> list[str]:
    """The levels of the frame, in any order; what we publish of it stands in the names."""
    assert row["isSnapshot"] == (event.kind in ("snapshot", "whole")), line.frame
    for ours, theirs in ((event.bids, row["bids"]), (event.asks, row["asks"])):
        given = sorted((float(spell(level.price)), float(level.raw_size)) for level in ours)
        assert given == sorted((level["price"], level["amount"]) for level in theirs), line.frame
    if any(record.topic == "md.book.v1" and record.value["kind"] != "invalid" for record in line.records):
        return []
    if event.checksum:
        return ["cut-book-fails-its-checksum" if event.kind == "snapshot" else "increment-without-snapshot"]
    return ["increment-without-snapshot"]


def derivative(line: Line, row: dict[str, Any], event: Any) -> list[str]:
    """Only the fields that the frame itself carries: theirs repeats what it saw before."""
    if isinstance(event, Ticker):
        assert near(event.last, row["lastPrice"]), line.frame
        return times(line, row, event.exchange_us)
    if isinstance(event, OpenInterest):
        assert near(event.contracts, row["openInterest"]), line.frame
        return times(line, row, event.exchange_us)
    assert isinstance(event, Funding), line.frame
    (record,) = line.records
    names = []
    if near(event.rate, row["fundingRate"]) and event.next_funding_us == iso_to_us(row["fundingTimestamp"]):
        pass
    else:
        assert event.rate is None and event.next_funding_us is None and row["fundingRate"] is None, line.frame
        names.append("time-without-rate")
    for name, other in (("mark", "markPrice"), ("index", "indexPrice")):
        if not near(record.value[name], row[other]):
            assert record.value[name] is None and '"op":"notify"' in line.frame, line.frame
            names.append("index-from-basis")
    return names + times(line, row, event.exchange_us)


def times(line: Line, row: dict[str, Any], ours: Any) -> list[str]:
    theirs = iso_to_us(row["timestamp"])
    if ours == theirs:
        return []
    if ours is None:
        if '"0001-01-01' in line.frame:
            return ["last-time-for-no-time"]
        assert theirs == iso_to_us(row["localTimestamp"]), line.frame
        return ["receive-time-for-no-time"]
    sent = line.payload.get("E") if isinstance(line.payload, dict) else None
    outer = None if sent is not None else json.loads(line.frame).get("ts")
    if theirs == int(sent or outer or 0) * 1_000:
        return ["sending-time-for-engine-time"]
    assert row["type"] == "derivative_ticker" and theirs > ours, line.frame
    return ["time-of-an-earlier-frame"]
