# Part of MarketBus. Apache License 2.0, see LICENSE.
"""`marketbus normalize` against the oracle, on every recorded file of Binance and OKX, record by record."""

import subprocess
from collections import Counter
from pathlib import Path
from typing import Any, Optional

import pytest

import programs
import recordings
from comparison import dead_letter_frame, first_differences, parse_output
from oracle import Replay, instrument_records, replay

MARKET_TOPICS = ("md.trade.v1", "md.bbo.v1")
CAPTURES = recordings.recordings("binance", "raw", "session") + recordings.recordings("okx", "raw", "session")
REST_FILES = recordings.recordings("binance", "rest") + recordings.recordings("okx", "rest")
ANSWERS = [
    (venue, path, market) for venue in ("binance", "okx") for path, market in recordings.instrument_answers(venue)
]
# Shapes that no sheet describes on a market-data socket (REST bodies, frames of older APIs): a feed may pass them
# over or file them as `unknown_frame`; nothing else is left to taste.
OPEN_KINDS = {"unknown", "partial_depth", "http"}


@pytest.fixture(scope="module")
def marketbus() -> Path:
    if recordings.folder() is None:
        pytest.skip("MARKETBUS_RECORDED_DATA is not set")
    path = programs.binary("marketbus")
    if path is None:
        pytest.skip("marketbus is not built")
    return path


def normalize(marketbus: Path, recording: recordings.Recording, *more: str) -> list[dict[str, Any]]:
    command = [str(marketbus), "normalize", "--venue", recording.venue]
    if recording.market and recording.form != "session":
        command += ["--market", recording.market]
    command += more
    with recording.path.open("rb") as frames:
        done = subprocess.run(command, stdin=frames, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}"
    return parse_output(done.stdout.decode("utf-8"))


def check(recording: recordings.Recording, produced: list[dict[str, Any]], expected: Replay) -> None:
    """The market records in order, the dead letters as a set, every value against its schema."""
    lines = recording.lines()
    market = [line for line in produced if line["topic"] in MARKET_TOPICS]
    wrong = first_differences([record for record in expected.records if record.topic in MARKET_TOPICS], market, lines)
    wrong += dead_letter_differences(expected, produced)
    others = Counter(line["topic"] for line in produced) - Counter(
        {topic: len(produced) for topic in (*MARKET_TOPICS, "sys.dead_letter.v1")}
    )
    print(f"{recording.name}: {len(market)} records, ignored {dict(expected.ignored)}, other topics {dict(others)}")
    assert not wrong, "\n".join(wrong)


def dead_letter_differences(expected: Replay, produced: list[dict[str, Any]]) -> list[str]:
    wanted = {letter.frame: letter.reason for letter in expected.dead_letters}
    given = {}
    for line in produced:
        if line["topic"] == "sys.dead_letter.v1":
            frame = dead_letter_frame(line["value"])
            assert frame is not None, f"a dead letter without its bytes: {line['value']}"
            given[frame] = line["value"].get("reason")
    wrong = [f"no dead letter ({reason}) for {frame[:400]}" for frame, reason in wanted.items() if frame not in given]
    for frame, reason in given.items():
        if frame in wanted:
            if "unknown_instrument" in (wanted[frame], reason) and wanted[frame] != reason:
                wrong.append(f"dead letter {reason} instead of {wanted[frame]} for {frame[:400]}")
        elif reason != "unknown_frame" or not OPEN_KINDS & expected.ignored.keys():
            wrong.append(f"unexpected dead letter {reason} for {frame[:400]}")
    return wrong[:5]


def identifier(recording: recordings.Recording) -> str:
    return recording.name


@pytest.mark.parametrize("recording", CAPTURES, ids=identifier)
def test_every_recorded_frame_gives_what_the_oracle_says(marketbus: Path, recording: recordings.Recording) -> None:
    expected = replay(recording.venue, recording.lines(), recording.market)
    check(recording, normalize(marketbus, recording), expected)


@pytest.mark.parametrize("recording", CAPTURES, ids=identifier)
def test_it_does_so_with_the_instruments_known(marketbus: Path, recording: recordings.Recording) -> None:
    if recording.instruments is None:
        pytest.skip("no instrument answer was recorded for this market")
    expected = replay(recording.venue, recording.lines(), recording.market, [recording.instruments])
    produced = normalize(marketbus, recording, "--instruments", str(recording.instruments))
    check(recording, produced, expected)


@pytest.mark.parametrize("recording", CAPTURES, ids=identifier)
def test_every_value_is_valid_by_its_schema(marketbus: Path, recording: recordings.Recording) -> None:
    if programs.schema_validator("md.trade.v1") is None:
        pytest.skip("deploy/schemas is not there")
    more = ["--instruments", str(recording.instruments)] if recording.instruments else []
    wrong = []
    for line in normalize(marketbus, recording, *more):
        errors = programs.schema_errors(line["topic"], line["value"])
        if errors:
            wrong.append(f"{line['topic']}: {errors} in {line['value']}")
    assert not wrong, "\n".join(wrong[:3])


@pytest.mark.parametrize("recording", REST_FILES, ids=identifier)
def test_rest_answers_as_frames_give_no_event_and_no_crash(marketbus: Path, recording: recordings.Recording) -> None:
    produced = normalize(marketbus, recording)
    assert not [line for line in produced if line["topic"] in MARKET_TOPICS]


@pytest.mark.parametrize(("venue", "path", "market"), ANSWERS, ids=lambda value: getattr(value, "name", str(value)))
def test_instrument_answers_give_what_the_oracle_says(
    marketbus: Path, venue: str, path: Path, market: Optional[str]
) -> None:
    command = [str(marketbus), "normalize", "--venue", venue, "--instruments", str(path), "--emit-instruments"]
    if market:
        command += ["--market", market]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}"
    produced = [line for line in parse_output(done.stdout.decode("utf-8")) if line["topic"] == "ref.instrument.v1"]
    expected = list(instrument_records(venue, path, market))
    assert expected
    wrong = instrument_differences(expected, produced)
    for line in produced:
        if programs.schema_validator("ref.instrument.v1") is not None:
            wrong += programs.schema_errors("ref.instrument.v1", line["value"])[:1]
    assert not wrong, "\n".join(wrong[:5])


def instrument_differences(expected: list, produced: list[dict[str, Any]]) -> list[str]:
    """By venue symbol: an answer is a table, its order carries no meaning."""
    ours = {record.value["venue_symbol"]: record for record in expected}
    theirs = {line["value"].get("venue_symbol"): line for line in produced}
    wrong = [f"{name}: no record" for name in ours.keys() - theirs.keys()]
    wrong += [f"{name}: a record that the answer does not warrant" for name in theirs.keys() - ours.keys()]
    for name in ours.keys() & theirs.keys():
        record, value = ours[name], theirs[name]["value"]
        if theirs[name]["key"] != record.key:
            wrong.append(f"{name}: key {theirs[name]['key']} instead of {record.key}")
        for field, wanted in record.value.items():
            if value.get(field) != wanted:
                wrong.append(f"{name}: {field}: expected {wanted!r}, produced {value.get(field)!r}")
    return wrong
