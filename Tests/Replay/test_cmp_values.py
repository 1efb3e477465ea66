# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The oracle against the values that crypto-msg-parser's tests assert for the same frames, expression by expression.

Each kind of difference has a name and a line in DIFFERENCES.md with its count of frames; a difference without a name
fails, and so does a count that is no longer right.
"""

import json
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any, Optional

import pytest

import recordings
from expected import Line, lines, near, table
from oracle.numbers import spell
from oracle.outcomes import BookFrame, Candle, Funding, Quote, Ticker, Trade

# Their contract sizes, known by heart; ours come from the instruments alone.
INVERSE_CONTRACT = {"BTC": 100}
INVERSE_CONTRACT_ELSE = 10
PERIODS = {"1min": "1m", "1m": "1m", "1M": "1mo"}
# Kinds of theirs that are no stream of ours.
NOT_OURS = {
    "l2_topk": "partial-book",
    "l2_snapshot": "rest-body",
    "open_interest": "rest-body",
    "l3_event": "order-by-order-book",
}


@pytest.mark.skipif(recordings.folder() is None, reason="MARKETBUS_RECORDED_DATA is not set")
def test_cmp_says_the_same_but_for_named_differences() -> None:
    differences: Counter = Counter()
    frames = checks = 0
    for line in lines("parsed.cmp.jsonl"):
        frames += 1
        checks += len(line.theirs["asserts"])
        differences.update(compared(line))
    assert (frames, checks) == (111, 1114)
    page = (Path(__file__).parent / "DIFFERENCES.md").read_text(encoding="utf-8")
    assert dict(differences) == table(page, "cmp")


def compared(line: Line) -> set[str]:
    """The names of the differences of one frame."""
    kind = line.theirs["kind"]
    if kind in NOT_OURS:
        assert not line.records, line.frame
        return {NOT_OURS[kind]}
    if not line.events:
        return {without_event(line, kind)}
    names: set[str] = set()
    for expression, value in line.theirs["asserts"]:
        names |= checked(line, kind, expression, value)
    if kind.startswith("l2"):
        names |= publication(line)
    return names


def without_event(line: Line, kind: str) -> str:
    assert not line.records
    if line.dead_letter == "unknown_instrument":
        assert re.search(r"-USDT-\d{6}", line.frame), line.frame
        return "contract-size-unknown"
    if re.search(r"ticker_all|BTC-USD-\d{6}-\d+-[CP]", line.frame):
        return "option-not-published"
    assert re.search(r"mbp\.20|size_20", line.frame), line.frame
    return "book-of-20-levels"


def publication(line: Line) -> set[str]:
    """Why a book frame of a file of single frames is not published, or not as it stands."""
    kinds = [(record.value["kind"], record.value["reason"]) for record in line.records if record.topic == "md.book.v1"]
    if not kinds:
        (event,) = line.events
        failed = event.kind == "snapshot" and event.checksum
        return {"cut-book-fails-its-checksum" if failed else "increment-without-snapshot"}
    if kinds[0][0] == "invalid":
        return {"two-single-frames-cross"}
    return set()


def checked(line: Line, kind: str, expression: str, value: Any) -> set[str]:
    """One assertion."""
    if expression in ("trades.len()", "funding_rates.len()", "arr.len()"):
        assert value == len(line.events), line.frame
        return set()
    place = re.search(r"^funding_rates\[(\d+)\]", expression)
    event = line.events[int(place[1]) if place else 0]
    field = re.sub(r"\.unwrap\(\)$", "", expression).split(".")[-1]
    if expression == "extract_timestamp" or field == "timestamp":
        return time(line, event, value)
    if expression == "extract_symbol" or field == "symbol":
        return symbol(line, event, value)
    if field in ("pair", "msg_type"):
        assert field == "msg_type" or value == "/".join(event.symbol.split("-")[:2]), line.frame
        return set()
    if isinstance(event, BookFrame):
        return book(line, event, expression, field, value)
    return own(line, event, field, value)


def time(line: Line, event: Any, value: Optional[int]) -> set[str]:
    ours = event.exchange_us
    if value is None or ours == value * 1_000:
        return {"no-time-read"} if value is None and ours is not None else set()
    if ours is None:
        return {"receive-time-for-no-time"}
    parsed = json.loads(line.frame)
    sent = parsed.get("ts", parsed.get("data", parsed).get("E") if isinstance(parsed.get("data", parsed), dict) else None)
    if sent is not None and int(sent) == value:
        return {"sending-time-for-engine-time"}
    assert ours // 1_000 == value, (ours, value, line.frame)
    return {"microseconds-cut"}


def symbol(line: Line, event: Any, value: str) -> set[str]:
    if value in (event.venue_symbol, "ALL"):
        return set()
    assert "_" in value and line.recording.path.parent.name == "futures", (value, line.frame)
    return {"alias-for-contract"}


def own(line: Line, event: Any, field: str, value: Any) -> set[str]:
    """The fields of everything but books."""
    if isinstance(event, Trade) and field == "side":
        assert event.side == value or line.recording.venue == "coinbase", line.frame
        return set() if event.side == value else {"makers-side"}
    if isinstance(event, Trade) and field == "price":
        assert near(event.price, value), line.frame
    elif isinstance(event, Funding):
        return funding(line, event, field, value)
    elif isinstance(event, Candle):
        return candle(line, event, field, value)
    elif isinstance(event, Quote) and field == "id":
        assert event.venue_seq == value, line.frame
    elif isinstance(event, Quote) and field in ("bid_price", "ask_price"):
        assert near(getattr(event, field[:3]), value), line.frame
    else:
        assert not isinstance(event, Ticker), field
        side = field[:3] if isinstance(event, Quote) else None
        size = getattr(event, f"{side}_size") if side else event.size
        price = getattr(event, side) if side else event.price
        quantity(line, event, Decimal(size), Decimal(price), field.rsplit("_", 1)[-1], value)
    return set()


def funding(line: Line, event: Funding, field: str, value: Any) -> set[str]:
    if field == "estimated_rate":
        return {"estimated-rate-not-published"}
    ours = event.rate if field == "funding_rate" else (event.next_funding_us or 0) // 1_000
    assert near(ours, value), (field, line.frame)
    return set()


def candle(line: Line, event: Candle, field: str, value: Any) -> set[str]:
    if field == "period":
        assert event.interval.name == PERIODS[value], line.frame
    elif field == "begin_time":
        assert event.open_us == value * 1_000_000, line.frame
    elif field == "volume" and event.symbol.split("-")[1] == "USD":
        return {"base-volume-of-inverse-contracts"}
    elif field == "quote_volume" and event.quote_volume is None and value is not None:
        assert near(Decimal(event.volume) * inverse_contract(event.symbol), value), line.frame
        return {"contract-size-known-by-heart"}
    else:
        assert near(getattr(event, field), value), (field, line.frame)
    return set()


def book(line: Line, event: BookFrame, expression: str, field: str, value: Any) -> set[str]:
    """Levels in the order of the frame."""
    place = re.search(r"orderbook\.(asks|bids)\[(\d+)\]", expression)
    if place:
        level = getattr(event, place[1])[int(place[2])]
        if field == "price":
            assert near(level.price, value), (expression, line.frame)
        else:
            quantity(line, event, level.size, level.price, field.rsplit("_", 1)[-1], value)
    elif field == "len()":
        assert value == len(getattr(event, expression.split(".")[1])), line.frame
    elif field == "snapshot":
        assert value == (event.kind != "update"), line.frame
    elif field == "seq_id":
        if event.last == value:
            return set()
        assert line.payload["mrid"] == value and line.payload["version"] == event.last, line.frame
        return {"order-id-for-version"}
    else:
        assert field == "prev_seq_id" and event.previous == value, (expression, line.frame)
    return set()


def quantity(line: Line, event: Any, size: Decimal, price: Decimal, name: str, value: Optional[float]) -> None:
    """Base, quote and contract quantities, from our size by the contract's rule."""
    parts = event.symbol.split("-")
    if name == "contract" and (len(parts) < 3 or parts[1] != "USD"):
        return
    if parts[1] == "USD" and len(parts) == 3:
        worth = size * inverse_contract(event.symbol)
        quantities = {"base": worth / price, "quote": worth, "contract": size}
    else:
        quantities = {"base": size, "quote": size * price}
    assert near(quantities[name], value), (name, spell(size), value, line.frame)


def inverse_contract(symbol: str) -> int:
    return INVERSE_CONTRACT.get(symbol.split("-")[0], INVERSE_CONTRACT_ELSE)
