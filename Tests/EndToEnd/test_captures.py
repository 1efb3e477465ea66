# Part of MarketBus. Apache License 2.0, see LICENSE.
"""`marketbus record` and `replay`: what was captured gives the same records at every run, also after a full disk."""

import json
import os
import subprocess
from collections import Counter
from pathlib import Path
from typing import Iterator

import programs
import pytest
from harness.stage import Stage, need
from harness.twin import Twin


@pytest.fixture
def twin(stage: Stage) -> Twin:
    need("exchange-twin", "marketbus")
    return stage.twin("--rate", "1000", "--seed", "11")


def record(twin: Twin, folder: Path, seconds: float, *flags: str) -> subprocess.CompletedProcess:
    """Records OKX until the time is up or the command ends by itself."""
    urls = [f"venues.okx.endpoints.{name}={url}" for name, url in twin.endpoints("okx").items()]
    sets = [word for url in urls for word in ("--set", url)]
    command = [str(programs.binary("marketbus")), "record", "--venue", "okx", "--out", str(folder), *flags, *sets]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
        output, errors = process.communicate(timeout=20)
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def replay(folder: Path) -> subprocess.CompletedProcess:
    files = sorted(str(path) for path in folder.glob("*.zst"))
    assert files, "nothing was recorded"
    command = [str(programs.binary("marketbus")), "replay", "--venue", "okx", *files]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_capture_gives_the_same_bytes_twice_over_rotated_files(twin: Twin, tmp_path: Path) -> None:
    done = record(twin, tmp_path / "capture", 6, "--rotate", "2s", "--sync", "1s")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "capture").glob("*.zst"))) >= 2
    first, second = replay(tmp_path / "capture"), replay(tmp_path / "capture")
    assert first.returncode == 0 and first.stderr == ""
    assert first.stdout == second.stdout
    topics = Counter(json.loads(line)["topic"] for line in first.stdout.splitlines())
    assert topics["md.trade.v1"] > 0 and topics["md.bbo.v1"] > 100 and topics["ref.instrument.v1"] > 0
    assert topics["sys.dead_letter.v1"] == 0


def test_the_first_difference_of_two_outputs_is_named(twin: Twin, tmp_path: Path) -> None:
    assert record(twin, tmp_path / "capture", 3).returncode == 0
    lines = replay(tmp_path / "capture").stdout.splitlines()
    other = list(lines)
    place = next(index for index, line in enumerate(lines) if '"side":"buy"' in line)
    other[place] = lines[place].replace('"side":"buy"', '"side":"sell"')
    for name, content in (("a", lines), ("b", other)):
        (tmp_path / name).write_text("\n".join(content) + "\n", encoding="utf-8")

    def difference(left: str, right: str) -> subprocess.CompletedProcess:
        command = [str(programs.binary("marketbus")), "replay", "--diff", str(tmp_path / left), str(tmp_path / right)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert difference("a", "a").returncode == 0
    found = difference("a", "b")
    assert found.returncode == 1
    assert found.stdout.startswith(f"line {place + 1} differs in value.side\n")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)], capture_output=True, check=False
    ).returncode:
        pytest.skip("a disk of 64 KB can't be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_ends_the_recording_and_what_was_written_stays_readable(twin: Twin, small_disk: Path) -> None:
    done = record(twin, small_disk / "capture", 60)
    assert done.returncode == 69
    assert "No space left on device" in done.stderr
    again = replay(small_disk / "capture")
    assert again.returncode == 0
    assert "is cut" in again.stderr
    assert len(again.stdout.splitlines()) > 100


def test_a_folder_that_can_not_be_made_is_named(twin: Twin, tmp_path: Path) -> None:
    done = record(twin, tmp_path / "missing" / "capture", 10)
    assert done.returncode == 64
    assert str(tmp_path / "missing" / "capture") in done.stderr
