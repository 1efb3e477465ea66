# Part of MarketBus. Apache License 2.0, see LICENSE.
"""deploy/scripts/new-venue.sh on a scratch copy of the repository."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = "deploy/scripts/new-venue.sh"
FIXED = {
    "BookSync.swift",
    "Decoder.swift",
    "ErrorTable.swift",
    "RESTCalls.swift",
    "SigningRecipe.swift",
    "Subscriptions.swift",
    "Symbols.swift",
    "Venue.swift",
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The repository's files, without what was built."""
    scratch = tmp_path / "scratch"
    shutil.copytree(ROOT, scratch, ignore=shutil.ignore_patterns(".build", ".git", ".venv", "__pycache__", ".marketbus"))
    return scratch


def make(scratch: Path, *names: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(scratch / SCRIPT), *names]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def snapshot(scratch: Path) -> dict[str, bytes]:
    return {str(path.relative_to(scratch)): path.read_bytes() for path in scratch.rglob("*") if path.is_file()}


def test_a_venue_is_made_whole_and_nothing_else_changes(copy: Path) -> None:
    before = snapshot(copy)
    done = make(copy, "Kraken")
    assert done.returncode == 0, done.stderr
    after = snapshot(copy)
    new = set(after) - set(before)
    assert FIXED <= {Path(path).name for path in new if path.startswith("Shared/Venues/Kraken/")}
    assert "Services/KrakenFeed/main.swift" in new
    assert any(path.startswith("Tests/Venues/KrakenTests/") for path in new)
    changed = {path for path in before if after.get(path) != before[path]}
    assert changed == {"Package.swift", "Services/MarketBus/VenueList.swift"}
    manifest = (copy / "Package.swift").read_text()
    assert ', "Kraken"]' in manifest.partition("let venues = ")[2].partition("\n")[0]
    assert "KrakenVenue()" in (copy / "Services/MarketBus/VenueList.swift").read_text()
    assert not [path for path in new if b"__" in after[path]]
    assert "swift test --filter KrakenTests" in done.stdout


@pytest.mark.parametrize("name", ["", "kraken", "Kra ken", "Kra-ken", "1Kraken", "Binance", "OrderBooks", "../Evil"])
def test_a_name_that_is_none_or_taken_changes_nothing(copy: Path, name: str) -> None:
    before = snapshot(copy)
    done = make(copy, name)
    assert done.returncode == 64
    assert done.stderr.startswith("new-venue: ")
    assert snapshot(copy) == before
    assert make(copy).returncode == 64


@pytest.mark.slow
def test_what_is_made_builds_and_its_tests_say_what_to_fill_in(copy: Path) -> None:
    assert make(copy, "Kraken").returncode == 0
    # What was built is taken along where it is: the copy has other paths, so Swift decides what is of use.
    environment = dict(os.environ, MARKETBUS_STRICT="1")

    def swift(*words: str) -> subprocess.CompletedProcess[str]:
        command = ["swift", *words]
        return subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=3600, check=False
        )

    lint = swift(
        "format", "lint", "--strict", "-r", "--configuration", ".swift-format", "Shared/Venues/Kraken",
        "Services/KrakenFeed", "Services/MarketBus/VenueList.swift", "Tests/Venues/KrakenTests",
    )  # fmt: skip
    assert lint.returncode == 0, lint.stderr[-3000:]
    built = swift("build", "--product", "kraken-feed")
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    command = swift("build", "--product", "marketbus")
    assert command.returncode == 0, command.stdout[-3000:]
    usage = subprocess.run([copy / ".build/debug/marketbus", "normalize", "--help"], capture_output=True, check=True)
    assert b"kraken" in usage.stdout
    architecture = swift("test", "--filter", "ArchitectureTests")
    assert architecture.returncode == 0, architecture.stdout[-3000:]
    tests = swift("test", "--skip-build", "--filter", "KrakenTests")
    assert tests.returncode != 0
    said = [line for line in (tests.stdout + tests.stderr).splitlines() if "fill in" in line]
    for file in FIXED:
        assert any(f"Shared/Venues/Kraken/{file}" in line for line in said), file
    assert any("Tests/Venues/KrakenTests/Frames.swift" in line for line in said)
