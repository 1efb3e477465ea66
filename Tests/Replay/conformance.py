# Part of MarketBus. Apache License 2.0, see LICENSE.
"""`marketbus normalize` against the oracle, file by file; as a command it writes Tests/Venues/CONFORMANCE.md.

    python3 -m conformance          writes the table
    python3 -m conformance --check  says whether it is up to date
"""

import argparse
import functools
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

import built
import programs
import recordings
from comparison import dead_letter_frame, difference, first_differences, parse_output
from oracle import Record, Replay, replay
from oracle.publish import BOOK_TOPIC, MARKET_TOPICS, spelled
from reader import BookReader

TABLE = programs.ROOT / "Tests" / "Venues" / "CONFORMANCE.md"
# Shapes that no sheet describes on a market-data socket (REST bodies, frames of older APIs): a feed may pass them
# over or file them as `unknown_frame`; nothing else is left to taste.
OPEN_KINDS = {"unknown", "partial_depth", "http", "rest_body", "status"}


@dataclass
class Outcome:
    """What came of one file."""

    lines: int
    expected: Counter = field(default_factory=Counter)
    equal: Counter = field(default_factory=Counter)
    differences: dict[str, list[str]] = field(default_factory=dict)
    letters: list[str] = field(default_factory=list)
    books: list[str] = field(default_factory=list)
    letter_count: int = 0
    books_compared: int = 0

    @property
    def wrong(self) -> list[str]:
        """Every difference."""
        return [text for texts in self.differences.values() for text in texts] + self.letters + self.books


def normalize(marketbus: Path, recording: recordings.Recording, *more: str) -> list[dict[str, Any]]:
    """The lines that the program prints for a file."""
    command = [str(marketbus), "normalize", "--venue", recording.venue]
    if recording.market and recording.form != "session":
        command += ["--market", recording.market]
    command += more
    with recording.path.open("rb") as frames:
        done = subprocess.run(command, stdin=frames, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}"
    return parse_output(done.stdout.decode("utf-8"))


@functools.cache
def outcome(marketbus: Path, recording: recordings.Recording, with_instruments: bool) -> Outcome:
    """One file through both."""
    known = [recording.instruments] if with_instruments and recording.instruments else []
    expected = replay(recording.venue, recording.lines(), recording.market, known)
    more = [part for path in known for part in ("--instruments", str(path))]
    return compare(recording, expected, normalize(marketbus, recording, *more))


def compare(recording: recordings.Recording, expected: Replay, produced: list[dict[str, Any]]) -> Outcome:
    """Each topic's records in their order, the dead letters as a set, each book after each of its records."""
    lines = recording.lines()
    result = Outcome(len(lines), letter_count=len(expected.dead_letters))
    for topic in MARKET_TOPICS:
        wanted = expected.of(topic)
        given = [line for line in produced if line["topic"] == topic]
        result.expected[topic] = len(wanted)
        result.equal[topic] = sum(difference(*pair) is None for pair in zip(wanted, given))
        wrong = first_differences(wanted, given, lines)
        if wrong:
            result.differences[topic] = wrong
        if topic == BOOK_TOPIC and built.is_built(recording.venue, topic):
            result.books, result.books_compared = book_differences(wanted, given, expected)
    result.letters = dead_letter_differences(recording.venue, expected, produced)
    return result


def book_differences(wanted: list[Record], given: list[dict[str, Any]], expected: Replay) -> tuple[list[str], int]:
    """The books that a reader makes of produced records, after each one, against the oracle's own books."""
    readers: dict[str, BookReader] = {}
    wrong: list[str] = []
    for record, line in zip(wanted, given):
        reader = readers.setdefault(line["key"], BookReader())
        try:
            reader.take(line["value"])
        except AssertionError as problem:
            return [*wrong, f"line {record.line}: {problem}"], 0
        if line["value"]["kind"] != "invalid" and reader.top(25) != tuple(list(side) for side in record.top):
            wrong.append(f"line {record.line}: the top 25 of {line['key']} differ")
            break
    live = {symbol for symbol, reader in readers.items() if reader.valid}
    if live != expected.books.keys():
        wrong.append(f"live at the end: {sorted(live)}, expected {sorted(expected.books)}")
    for symbol in live & expected.books.keys():
        for name, side in zip(("bids", "asks"), expected.books[symbol].proven()):
            whole = readers[symbol].side(name)
            if whole != spelled(side):
                wrong.append(f"the {name} of {symbol} differ at the end: {len(whole)} levels, expected {len(side)}")
    return wrong, len(wanted)


def dead_letter_differences(venue: str, expected: Replay, produced: list[dict[str, Any]]) -> list[str]:
    """Letters missing, of another reason, or too many; those of topics that are not built yet are not asked for."""
    wanted = {letter.frame: letter for letter in expected.dead_letters}
    given = {}
    for line in produced:
        if line["topic"] == "sys.dead_letter.v1":
            frame = dead_letter_frame(line["value"])
            assert frame is not None, f"a dead letter without its bytes: {line['value']}"
            given[frame] = line["value"].get("reason")
    wrong = [
        f"no dead letter ({letter.reason}) for {frame[:400]}"
        for frame, letter in wanted.items()
        if frame not in given and built.is_built(venue, letter.topic or "")
    ]
    for frame, reason in given.items():
        if frame in wanted:
            wished = wanted[frame].reason
            if "unknown_instrument" in (wished, reason) and wished != reason:
                wrong.append(f"dead letter {reason} instead of {wished} for {frame[:400]}")
        elif reason != "unknown_frame" or not OPEN_KINDS & expected.ignored.keys():
            wrong.append(f"unexpected dead letter {reason} for {frame[:400]}")
    return wrong[:5]


def captures() -> list[recordings.Recording]:
    """Every recorded file of frames."""
    return [found for venue in recordings.VENUES for found in recordings.recordings(venue, "raw", "session")]


def table(marketbus: Path) -> str:
    """The page of all files."""
    names = [topic.split(".")[1] for topic in MARKET_TOPICS]
    rows = ["| file | lines | " + " | ".join(names) + " | dead letters |", "| --- |" + " ---: |" * (len(names) + 2)]
    totals: dict[str, Counter] = {}
    for recording in captures():
        if not built.venue_is_built(recording.venue):
            continue
        result = outcome(marketbus, recording, True)
        total = totals.setdefault(recording.venue, Counter())
        cells = [_cell(recording.venue, topic, result, total) for topic in MARKET_TOPICS]
        letters = str(result.letter_count or "") + (" (differ)" if result.letters else "")
        total.update(files=1, lines=result.lines, letters=result.letter_count)
        rows.append(f"| {recording.name} | {result.lines} | {' | '.join(cells)} | {letters} |")
    return "\n".join([*_PREFACE, *_summary(totals), "", "## Files", "", *rows, ""])


def _cell(venue: str, topic: str, result: Outcome, total: Counter) -> str:
    count, equal = result.expected[topic], result.equal[topic]
    if not built.is_built(venue, topic):
        return f"({count})" if count else ""
    total.update({f"{topic} compared": count, f"{topic} equal": equal})
    if not count and topic not in result.differences:
        return ""
    return str(count) if topic not in result.differences else f"**{equal} of {count}**"


def _summary(totals: dict[str, Counter]) -> list[str]:
    rows = ["| venue | files | lines | records compared | equal |", "| --- |" + " ---: |" * 4]
    for venue, total in totals.items():
        compared, equal = (sum(total[f"{topic} {what}"] for topic in MARKET_TOPICS) for what in ("compared", "equal"))
        rows.append(f"| {venue} | {total['files']} | {total['lines']} | {compared} | {equal} |")
    missing = [f"{venue} {topic.split('.')[1]}" for venue, topics in built.NOT_BUILT.items() for topic in topics]
    return rows + (["", f"Not built yet: {', '.join(missing)}."] if missing else [])


_PREFACE = [
    "# Conformance",
    "",
    "Every recorded file through `marketbus normalize` and through the Python oracle (Tests/Replay), which is written from the",
    "venue sheets alone. A number is how many records were compared and found equal, field by field; **a of b** marks a",
    "difference, (n) a channel that is not built yet. Books are rebuilt from the published records too, and are compared",
    "after each record (best 25) and whole at the end. Made by `make conformance`; a test says when it is out of date.",
    "",
]


def main() -> int:
    """Writes the page, or says whether it is up to date."""
    parser = argparse.ArgumentParser(prog="conformance")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    marketbus: Optional[Path] = programs.binary("marketbus")
    if marketbus is None or recordings.folder() is None:
        print("needs the marketbus program and MARKETBUS_RECORDED_DATA", file=sys.stderr)
        return 69
    text = table(marketbus)
    if options.check:
        same = TABLE.is_file() and TABLE.read_text(encoding="utf-8") == text
        print("up to date" if same else f"{TABLE.name} is out of date: make conformance")
        return 0 if same else 1
    TABLE.write_text(text, encoding="utf-8")
    print(f"wrote {TABLE.relative_to(programs.ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
