# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Records through the aggregator without a cluster: what it tells of generated markets and of the recorded history equals
the oracle, and the same records give the same bytes. `MARKETBUS_HISTORY_SECONDS=4800` plays the whole history."""

import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

import history
import recordings
from aggregation import expected, replayed, run_replay, told, values
from markets.generator import script
from markets.records import named, records, settings
from programs import binary, schema_errors
from quotes.generator import script as quote_script

AGGREGATOR, MARKETBUS = binary("aggregator"), binary("marketbus")
MARKETS = int(os.environ.get("MARKETBUS_REPLAYED_MARKETS", "20"))
# Of every recorded session, so many records.
LINES = int(os.environ.get("MARKETBUS_REPLAYED_LINES", "300"))
SECONDS = int(os.environ.get("MARKETBUS_HISTORY_SECONDS", "120"))
pytestmark = pytest.mark.skipif(AGGREGATOR is None, reason="aggregator is not built")
needs_recordings = pytest.mark.skipif(recordings.folder() is None, reason="MARKETBUS_RECORDED_DATA is not set")


def written(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_every_step_of_generated_markets_equals_the_oracle(tmp_path: Path) -> None:
    """Through records, engine and encoder, as the service does it. A heartbeat of less than ten seconds is no setting."""
    steps = played = 0
    for seed in range(MARKETS * 2):
        lines = script(seed)
        if named(lines[0])["heartbeat"] != "0":
            continue
        output = replayed(AGGREGATOR, [written(tmp_path / f"{seed}.jsonl", list(records(lines)))], *settings(lines))
        wanted = expected(lines)
        assert told(output) == wanted, lines[0]
        steps, played = steps + len(wanted), played + 1
    assert played >= MARKETS // 2 and steps > played


def test_metrics_of_a_replay_time_each_step_that_a_record_led_to(tmp_path: Path) -> None:
    lines = next(lines for lines in map(script, range(1000)) if named(lines[0])["heartbeat"] == "0" and expected(lines))
    path = written(tmp_path / "market.jsonl", list(records(lines)))
    done = run_replay(AGGREGATOR, [path], "--metrics", *settings(lines))
    assert done.returncode == 0 and done.stdout == replayed(AGGREGATOR, [path], *settings(lines))
    counted = re.search(r"^marketbus_aggregator_decision_seconds_count (\d+)$", done.stderr.decode(), re.M)
    caused = [step for step in values(done.stdout, "arb.opportunity.v1") if step["trigger"]]
    # Steps that a funding record leads to are not timed.
    assert counted and 0 < int(counted[1]) <= len(caused)


def quote_records(seed: int) -> list[str]:
    """The quotes of a generated run of venues with faults."""
    result = []
    for line in quote_script(seed, events=400):
        words = named(line)
        if not line.startswith("bbo "):
            continue
        value = {
            "schema": "bbo.v1", "venue": words["venue"], "symbol": words["symbol"], "venue_symbol": words["symbol"],
            "feed": words["feed"], "epoch": int(words["epoch"]), "exchange_us": None,
            "received_us": int(words["received"]), "published_us": int(words["now"]), "seq": int(words["seq"]),
            "venue_seq": None, "state": words["state"],
        }  # fmt: skip
        for side in ("bid", "ask"):
            price, size = words[side].split(":") if side in words else (None, None)
            value |= {side: price, f"{side}_size": size}
        if words["state"] == "invalid":
            value["reason"] = "disconnected"
        result.append(json.dumps({"topic": "md.bbo.v1", "key": words["symbol"], "value": value}))
    return result


@pytest.mark.parametrize("seed", (11, 26, 37))
def test_the_same_generated_records_give_the_same_bytes(tmp_path: Path, seed: int) -> None:
    path = written(tmp_path / "quotes.jsonl", quote_records(seed))
    sets = ("--set", "aggregator.conversions=USDC-USDT@binance,USDT-USD@coinbase>USDT")
    first, second = replayed(AGGREGATOR, [path], *sets), replayed(AGGREGATOR, [path], *sets)
    assert first == second and len(first) > 10_000
    for value in list(values(first, "agg.quote.v1"))[::20]:
        assert schema_errors("agg.quote.v1", value) == []


@needs_recordings
@pytest.mark.skipif(MARKETBUS is None, reason="marketbus is not built")
def test_the_same_captures_of_all_venues_give_the_same_bytes(tmp_path: Path) -> None:
    """Recorded sessions through `normalize`, all of a venue's one behind the other, and then through the aggregator."""
    files = []
    for recording in [one for venue in recordings.VENUES for one in recordings.recordings(venue, "session")]:
        command = [str(MARKETBUS), "normalize", "--venue", recording.venue, "--emit-instruments"]
        command += ["--market", recording.market] if recording.market else []
        command += ["--instruments", str(recording.instruments)] if recording.instruments else []
        with recording.path.open("rb") as frames:
            done = subprocess.run(command, stdin=frames, capture_output=True, check=True, timeout=600)
        lines = done.stdout.decode().splitlines()
        told = [line for line in lines if line.startswith('{"topic":"ref.')]
        told += [line for line in lines if not line.startswith('{"topic":"ref.')][:LINES]
        files.append(written(tmp_path / f"{len(files)}.jsonl", told))
    first, second = replayed(AGGREGATOR, files), replayed(AGGREGATOR, files)
    assert first == second
    topics = Counter(json.loads(line)["topic"] for line in first.splitlines())
    assert topics["agg.quote.v1"] > 10 and topics["agg.book.v1"] > 10
    for topic in topics:
        for value in list(values(first, topic))[::200]:
            assert schema_errors(topic, value) == []


@pytest.mark.skipif(history.files() is None, reason="MARKETBUS_RECORDED_DATA is not set")
@pytest.mark.parametrize(("lot", "fee"), (("10", "0"), ("1", "0.0001")))
def test_the_recorded_history_of_two_venues_equals_the_oracle(tmp_path: Path, lot: str, fee: str) -> None:
    output, found, wanted = history.run(AGGREGATOR, tmp_path, SECONDS, lot, fee)
    assert found == wanted and wanted
    states = Counter(line.split(" ")[0] for line in wanted)
    assert states["open"] == states["close"]
    if SECONDS == 4_800:
        # What the recordings' own page says of it.
        assert history.crossed_seconds(output) == {"binance": 551, "htx": 390}


def test_several_files_are_merged_by_time(tmp_path: Path) -> None:
    lines = quote_records(3)
    whole = replayed(AGGREGATOR, [written(tmp_path / "whole.jsonl", sorted(lines, key=published))])
    parts = [written(tmp_path / f"{part}.jsonl", sorted(lines[part::2], key=published)) for part in (0, 1)]
    last = [list(values(output, "agg.quote.v1"))[-1] for output in (whole, replayed(AGGREGATOR, parts))]
    # Records of one microsecond may change places; what is left at the end is the same.
    assert [value["published_us"] for value in last][0] == [value["published_us"] for value in last][1]


def published(line: str) -> int:
    return json.loads(line)["value"]["published_us"]


@pytest.mark.parametrize(
    "line", ("{", '{"topic":"md.bbo.v1","key":"A"}', '["md.bbo.v1"]', '{"topic":"md.bbo.v1","value":{"a":1}', "\x7f")
)
def test_a_line_that_is_no_record_is_named(tmp_path: Path, line: str) -> None:
    path = written(tmp_path / "records.jsonl", [*quote_records(1)[:3], line])
    done = run_replay(AGGREGATOR, [path])
    assert done.returncode == 64 and b"line 4" in done.stderr


def test_a_file_that_is_not_there_is_named() -> None:
    done = run_replay(AGGREGATOR, [Path("nowhere.jsonl")])
    assert done.returncode == 64 and b"nowhere.jsonl" in done.stderr
