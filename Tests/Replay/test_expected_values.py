# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The oracle against what two other projects' mappers say of the same frames.

Each kind of difference has a name and a paragraph in DIFFERENCES.md; a difference without a name fails, and so does a
name that no longer occurs.
"""

from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Optional
import json
import math

import pytest

import recordings
from oracle import Record, replay

# name -> how often it occurs in the recorded files; DIFFERENCES.md says why.
TARDIS_DIFFERENCES = {
    "bbo-tbt-not-mapped": 1,
    "contracts-for-base-size": 1,
    "option-not-published": 1,
    "receive-time-for-no-time": 1,
    "sending-time-for-engine-time": 2,
    "ticker-taken-as-quote": 1,
}
CMP_DIFFERENCES = {
    "contract-size-unknown": 1,
    "receive-time-for-no-time": 1,
    "sending-time-for-engine-time": 7,
}

COINM_CONTRACT = {"BTC": 100}
COINM_CONTRACT_ELSE = 10


def expected_files(name: str) -> list[recordings.Recording]:
    found = recordings.recordings("binance", "raw") + recordings.recordings("okx", "raw")
    return [recording for recording in found if recording.path.name == name]


def ours_by_line(recording: recordings.Recording) -> dict[int, list[Record]]:
    instruments = [recording.instruments] if recording.instruments else []
    result = replay(recording.venue, recording.lines(), recording.market, instruments)
    by_line: dict[int, list[Record]] = {}
    for record in result.of("md.trade.v1") + result.of("md.bbo.v1"):
        by_line.setdefault(record.line, []).append(record)
    return by_line


def theirs(recording: recordings.Recording) -> list[dict[str, Any]]:
    path = Path(str(recording.path).replace(".jsonl", ".expected.jsonl"))
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def near(ours: Optional[str], number: Any) -> bool:
    if ours is None or number is None:
        return ours is None and number is None
    return math.isclose(float(ours), float(number), rel_tol=1e-9)


def iso_to_us(text: str) -> int:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(moment.timestamp() * 1_000) * 1_000


def payload(frame: str) -> dict[str, Any]:
    parsed = json.loads(frame)
    data = parsed.get("data", parsed)
    return data[0] if isinstance(data, list) else data


@pytest.fixture(scope="module", autouse=True)
def recorded() -> None:
    if recordings.folder() is None:
        pytest.skip("MARKETBUS_RECORDED_DATA is not set")


def test_tardis_says_the_same_but_for_named_differences() -> None:
    differences: Counter = Counter()
    compared = 0
    for recording in expected_files("mapped.tardis.jsonl"):
        ours = ours_by_line(recording)
        for number, (frame, entry) in enumerate(zip(recording.lines(), theirs(recording)), start=1):
            rows = [row for row in entry["normalized"] if row["type"] in ("trade", "book_ticker")]
            names = tardis_line(frame, ours.get(number, []), rows)
            differences.update(names)
            compared += len(rows)
    assert compared == 14
    assert dict(differences) == TARDIS_DIFFERENCES


def tardis_line(frame: str, ours: list[Record], rows: list[dict[str, Any]]) -> list[str]:
    if not ours and not rows:
        return []
    if ours and not rows:
        assert '"bbo-tbt"' in frame, f"an event that tardis has not: {frame}"
        return ["bbo-tbt-not-mapped"]
    if rows and not ours:
        if rows[0]["type"] == "book_ticker" and '"tickers"' in frame:
            return ["ticker-taken-as-quote"]
        assert rows[0]["symbol"].endswith(("-C", "-P")), f"no event for {frame}"
        return ["option-not-published"]
    assert len(ours) == len(rows) == 1, frame
    return tardis_row(frame, ours[0].value, rows[0])


def tardis_row(frame: str, ours: dict[str, Any], row: dict[str, Any]) -> list[str]:
    names = []
    assert ours["venue_symbol"] == row["symbol"], frame
    if row["type"] == "trade":
        assert (ours["trade_id"], ours["side"]) == (row["id"], row["side"]), frame
        assert near(ours["price"], row["price"]), frame
        if not near(ours["size"], row["amount"]):
            assert ours["venue_symbol"].endswith("-USDT-SWAP") and near(payload(frame)["sz"], row["amount"]), frame
            names.append("contracts-for-base-size")
    else:
        for field, other in (
            ("bid", "bidPrice"),
            ("bid_size", "bidAmount"),
            ("ask", "askPrice"),
            ("ask_size", "askAmount"),
        ):
            assert near(ours[field], row[other]), frame
    time = iso_to_us(row["timestamp"])
    if ours["exchange_us"] is None:
        assert time == iso_to_us(row["localTimestamp"]), frame
        names.append("receive-time-for-no-time")
    elif ours["exchange_us"] != time:
        assert time == payload(frame)["E"] * 1_000, frame
        names.append("sending-time-for-engine-time")
    return names


def test_cmp_says_the_same_but_for_named_differences() -> None:
    differences: Counter = Counter()
    compared = 0
    for recording in expected_files("parsed.cmp.jsonl"):
        ours = ours_by_line(recording)
        for number, (frame, entry) in enumerate(zip(recording.lines(), theirs(recording)), start=1):
            if entry["kind"] not in ("trade", "bbo"):
                continue
            compared += 1
            records = ours.get(number, [])
            if not records:
                assert '"BTC-USDT-220325"' in frame, f"no event for {frame}"
                differences["contract-size-unknown"] += 1
                continue
            assert len(records) == 1, frame
            differences.update(
                {name for check in entry["asserts"] for name in cmp_check(frame, records[0].value, check)}
            )
    assert compared == 16
    assert dict(differences) == CMP_DIFFERENCES


def cmp_check(frame: str, ours: dict[str, Any], check: list[Any]) -> list[str]:
    expression, value = check
    field = expression.split(".", 1)[-1]
    if expression == "extract_timestamp" or field == "timestamp":
        return cmp_time(frame, ours, value)
    if expression == "trades.len()":
        assert value == 1, frame
    elif expression in ("extract_symbol", "bbo_msg.symbol"):
        assert value == ours["venue_symbol"], frame
    elif field == "msg_type":
        assert value == "bbo", frame
    elif field == "id":
        assert value == ours["venue_seq"], frame
    elif field == "side":
        assert value == ours["side"], frame
    elif field == "price":
        assert near(ours["price"], value), frame
    elif field in ("bid_price", "ask_price"):
        assert near(ours[field[:3]], value), frame
    else:
        cmp_quantity(frame, ours, field, value)
    return []


def cmp_time(frame: str, ours: dict[str, Any], value: Optional[int]) -> list[str]:
    if value is None or ours["exchange_us"] == value * 1_000:
        assert value is not None or ours["exchange_us"] is None, frame
        return []
    if ours["exchange_us"] is None:
        return ["receive-time-for-no-time"]
    assert payload(frame)["E"] == value, frame
    return ["sending-time-for-engine-time"]


def cmp_quantity(frame: str, ours: dict[str, Any], field: str, value: Optional[float]) -> None:
    """Base, quote and contract quantities, from our size by the contract's rule."""
    side = field[:3] if field.startswith(("bid", "ask")) else None
    size = Decimal(ours[f"{side}_size"] if side else ours["size"])
    price = Decimal(ours[side] if side else ours["price"])
    base, quote = ours["symbol"].split("-")[:2]
    if quote == "USD":
        worth = size * COINM_CONTRACT.get(base, COINM_CONTRACT_ELSE)
        quantities = {"base": worth / price, "quote": worth, "contract": size}
    else:
        quantities = {"base": size, "quote": size * price, "contract": None}
    name = field.rsplit("_", 1)[-1]
    if name == "contract" and quotes_contracts(ours):
        return
    assert near(None if quantities[name] is None else str(quantities[name]), value), (field, frame)


def quotes_contracts(ours: dict[str, Any]) -> bool:
    """On linear contracts theirs repeats the venue's count, which a base size does not carry."""
    return ours["symbol"].count("-") == 2 and "-USD-" not in ours["symbol"]
