# Part of MarketBus. Apache License 2.0, see LICENSE.
"""`marketbus normalize` against the oracle, on every recorded file, record by record."""

import subprocess
from pathlib import Path
from typing import Any, Optional

import pytest

import built
import conformance
import programs
import recordings
from comparison import parse_output
from oracle import instrument_records
from oracle.publish import MARKET_TOPICS

CAPTURES = conformance.captures()
BUILT = [venue for venue in recordings.VENUES if built.venue_is_built(venue)]
REST_FILES = [found for venue in BUILT for found in recordings.recordings(venue, "rest")]
ANSWERS = [(venue, path, market) for venue in BUILT for path, market in recordings.instrument_answers(venue)]
MISSING = [(venue, topic) for venue, topics in built.NOT_BUILT.items() for topic in topics]


@pytest.fixture(scope="module")
def marketbus() -> Path:
    if recordings.folder() is None:
        pytest.skip("MARKETBUS_RECORDED_DATA is not set")
    path = programs.binary("marketbus")
    if path is None:
        pytest.skip("marketbus is not built")
    return path


def identifier(recording: recordings.Recording) -> str:
    return recording.name


@pytest.mark.parametrize("recording", CAPTURES, ids=identifier)
@pytest.mark.parametrize("known", [False, True], ids=["bare", "instruments"])
def test_every_recorded_frame_gives_what_the_oracle_says(
    marketbus: Path, recording: recordings.Recording, known: bool
) -> None:
    if not built.venue_is_built(recording.venue):
        pytest.skip(f"not built yet: {recording.venue}")
    if known and recording.instruments is None:
        pytest.skip("no instrument answer was recorded for this market")
    result = conformance.outcome(marketbus, recording, known)
    missing = [topic for topic in MARKET_TOPICS if not built.is_built(recording.venue, topic)]
    wrong = [text for topic, texts in result.differences.items() if topic not in missing for text in texts]
    later = {topic: result.expected[topic] for topic in missing if result.expected[topic]}
    print(f"{recording.name}: equal {sum(result.equal.values())}, not built yet {later}")
    assert not wrong + result.letters + result.books, "\n".join(wrong + result.letters + result.books)


@pytest.mark.parametrize(("venue", "topic"), MISSING)
def test_what_is_listed_as_not_built_is_not(marketbus: Path, venue: str, topic: str) -> None:
    if not built.venue_is_built(venue):
        command = [str(marketbus), "normalize", "--venue", venue]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        assert done.returncode != 0, f"{venue} is there: take it off the list in built.py"
        pytest.xfail(f"not built yet: {venue}")
    outcomes = [conformance.outcome(marketbus, found, True) for found in CAPTURES if found.venue == venue]
    wanted = sum(result.expected[topic] for result in outcomes)
    if any(topic in result.differences for result in outcomes):
        pytest.xfail(f"not built yet: {venue} {topic}, {wanted} records")
    assert not wanted, f"{venue} {topic} is there: take it off the list in built.py"
    pytest.xfail(f"not built yet: {venue} {topic}, in no recording")


@pytest.mark.skipif(not CAPTURES, reason="MARKETBUS_RECORDED_DATA is not set")
def test_the_table_is_up_to_date(marketbus: Path) -> None:
    assert conformance.TABLE.is_file(), "make conformance"
    assert conformance.TABLE.read_text(encoding="utf-8") == conformance.table(marketbus), "make conformance"


@pytest.mark.parametrize("recording", CAPTURES, ids=identifier)
def test_every_value_is_valid_by_its_schema(marketbus: Path, recording: recordings.Recording) -> None:
    if programs.schema_validator("md.trade.v1") is None:
        pytest.skip("deploy/schemas is not there")
    if not built.venue_is_built(recording.venue):
        pytest.skip(f"not built yet: {recording.venue}")
    more = ["--instruments", str(recording.instruments)] if recording.instruments else []
    wrong = []
    for line in conformance.normalize(marketbus, recording, *more):
        errors = programs.schema_errors(line["topic"], line["value"])
        if errors:
            wrong.append(f"{line['topic']}: {errors} in {line['value']}")
    assert not wrong, "\n".join(wrong[:3])


@pytest.mark.parametrize("recording", REST_FILES, ids=identifier)
def test_rest_answers_as_frames_give_no_event_and_no_crash(marketbus: Path, recording: recordings.Recording) -> None:
    produced = conformance.normalize(marketbus, recording)
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
