# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Damaged frames: no crash, no bytes that are not UTF-8 and JSON, and on whole JSON the oracle's own verdict.

MUTATED_FRAMES says how many a venue (4,000; the drill by hand takes 1,000,000).
"""

import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any, Optional

import pytest

import built
import programs
import recordings
from comparison import difference
from mutations import mutated
from oracle import Replay, replay
from oracle.publish import MARKET_TOPICS

COUNT = int(os.environ.get("MUTATED_FRAMES", "4000"))
EVERY_CASE = [("binance", "spot"), ("binance", "usdm"), ("binance", "coinm"), ("okx", None), ("htx", None), ("coinbase", None)]
CASES = [case for case in EVERY_CASE if built.venue_is_built(case[0])]
# Disagreements that are known and counted, not passed over in silence (see DIFFERENCES.md).
KNOWN = {
    "container-as-absent": re.compile(r'"(?!(?:bids|asks|a|b)")\w+":(\[\]|\{\})'),
    "id-that-is-no-integer": re.compile(r'"(t|a)":"?(?!-?[0-9]{1,18}"?[,}])|"trade(Id|_id)":(true|false)'),
    "time-beyond-2^53": re.compile(r'"(T|ts)":"?\d{13,14}\b'),
    "rest-name-in-a-frame": re.compile(r'"type":"ticker".*"(volume|high|low|open|last)":'),
    "empty-time-refused": re.compile(r'"ts":""'),
}
# Sources of every channel but long books: those only make the frames long.
TELLING = ("rade", "bookTicker", "match", "ticker", "kline", "tardis", "cmp", "jkorf", "market.hbdocs")


@pytest.fixture(scope="module")
def marketbus() -> Path:
    if recordings.folder() is None:
        pytest.skip("MARKETBUS_RECORDED_DATA is not set")
    path = programs.binary("marketbus")
    if path is None:
        pytest.skip("marketbus is not built")
    return path


def sources(venue: str, market: Optional[str]) -> list[bytes]:
    frames: list[bytes] = []
    for recording in recordings.recordings(venue, "raw"):
        if recording.market == market and any(word in recording.path.name for word in TELLING):
            frames += [line.encode("utf-8") for line in recording.lines()[:60]]
    return frames


def normalize(marketbus: Path, venue: str, market: Optional[str], data: bytes) -> list[dict[str, Any]]:
    command = [str(marketbus), "normalize", "--venue", venue] + (["--market", market] if market else [])
    done = subprocess.run(command, input=data, capture_output=True, timeout=3000, check=False)
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}"
    return [json.loads(line.decode("utf-8")) for line in done.stdout.split(b"\n") if line]


@pytest.mark.parametrize(("venue", "market"), CASES)
def test_no_damaged_frame_ends_it(marketbus: Path, venue: str, market: Optional[str]) -> None:
    frames = mutated(sources(venue, market), COUNT, seed=1)
    produced = normalize(marketbus, venue, market, b"\n".join(frames) + b"\n")
    assert all(set(line) == {"topic", "key", "value"} for line in produced)
    if programs.schema_validator("md.trade.v1") is not None:
        for line in produced[:5000]:
            assert not programs.schema_errors(line["topic"], line["value"]), line


@pytest.mark.parametrize(("venue", "market"), CASES)
def test_whole_json_gets_the_oracles_verdict(marketbus: Path, venue: str, market: Optional[str]) -> None:
    """Each frame is an epoch of its own, so that one disagreement does not hide the next."""
    frames = [frame for frame in map(whole_json, mutated(sources(venue, market), COUNT, seed=2)) if frame is not None]
    lines = []
    for number, frame in enumerate(frames, start=1):
        place = {"recv_ns": number * 1000, "conn": "c"}
        lines.append(json.dumps({**place, "dir": "open", "url": ""}))
        lines.append(json.dumps({**place, "dir": "in", "msg": frame}, ensure_ascii=False))
    expected = replay(venue, lines, market)
    produced = normalize(marketbus, venue, market, "\n".join([*lines, ""]).encode("utf-8"))
    wrong = disagreements(frames, expected, produced)
    known = Counter(name for text in wrong for name, pattern in KNOWN.items() if pattern.search(text))
    wrong = [text for text in wrong if not any(pattern.search(text) for pattern in KNOWN.values())]
    print(f"{venue} {market}: {len(frames)} whole frames, {len(expected.records)} events, known {dict(known)}")
    assert not wrong, f"{len(wrong)} disagreements\n" + "\n".join(wrong[:12])


def whole_json(frame: bytes) -> Optional[str]:
    """The frame as text if it is strict JSON and UTF-8; what a lazy parser makes of others is its own affair."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError("a name twice")
        return dict(pairs)

    try:
        text = frame.decode("utf-8")
        parsed = json.loads(text, parse_constant=refuse, object_pairs_hook=once)
    except (ValueError, RecursionError):
        return None
    return text if isinstance(parsed, dict) else None


def disagreements(frames: list[str], expected: Replay, produced: list[dict[str, Any]]) -> list[str]:
    wanted: dict[int, list[Any]] = {}
    given: dict[int, list[Any]] = {}
    for record in expected.records:
        if built.is_built(record.value["venue"], record.topic):
            wanted.setdefault(record.value["received_us"], []).append(record)
    for line in produced:
        if line["topic"] in MARKET_TOPICS and line["value"].get("state") != "invalid":
            given.setdefault(line["value"]["received_us"], []).append(line)
    wrong = []
    for number, frame in enumerate(frames, start=1):
        ours, theirs = wanted.get(number, []), given.get(number, [])
        # How often a candle was revised depends on every frame before, and so on the known disagreements.
        texts = [difference(*pair, ignore=("revision",)) for pair in zip(ours, theirs)]
        texts = [text for text in texts if text is not None]
        if len(ours) != len(theirs):
            texts = [f"expected {len(ours)} events, produced {len(theirs)}"]
        if texts:
            reasons = [letter.reason for letter in expected.dead_letters if letter.received_us == number]
            wrong.append(f"{texts[0]} {reasons}\n    {frame[:500]}")
    return wrong
