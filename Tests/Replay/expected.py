# Part of MarketBus. Apache License 2.0, see LICENSE.
"""What other projects' mappers say of recorded frames, beside what the oracle makes of them."""

import json
import math
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Iterator, Optional

import recordings
from oracle import Record, Replay, replay


@dataclass
class Line:
    """One frame: what the oracle understood and published, and what the other project says."""

    recording: recordings.Recording
    number: int
    frame: str
    theirs: dict[str, Any]
    ours: Replay

    @property
    def events(self) -> list[Any]:
        """What the frame was understood as."""
        return self.ours.decoded.get(self.number, [])

    @property
    def records(self) -> list[Record]:
        """What was published for it."""
        return [record for record in self.ours.records if record.line == self.number]

    @property
    def dead_letter(self) -> Optional[str]:
        """Why it could not be decoded."""
        return next((letter.reason for letter in self.ours.dead_letters if letter.line == self.number), None)

    @cached_property
    def payload(self) -> dict[str, Any]:
        """The frame's data: the first row of a list."""
        parsed = json.loads(self.frame)
        data = parsed.get("data", parsed.get("tick", parsed)) if isinstance(parsed, dict) else parsed
        return data[0] if isinstance(data, list) and data else data


def lines(name: str) -> Iterator[Line]:
    """The frames of every file of that name, with the instruments known."""
    for venue in recordings.VENUES:
        for recording in recordings.recordings(venue, "raw"):
            if recording.path.name == name:
                yield from _lines(recording)


def _lines(recording: recordings.Recording) -> Iterator[Line]:
    instruments = [recording.instruments] if recording.instruments else []
    ours = replay(recording.venue, recording.lines(), recording.market, instruments)
    path = Path(str(recording.path).replace(".jsonl", ".expected.jsonl"))
    theirs = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for number, (frame, entry) in enumerate(zip(recording.lines(), theirs), start=1):
        yield Line(recording, number, frame, entry, ours)


def near(ours: Any, number: Any) -> bool:
    """Equal as far as a double can say."""
    if ours is None or number is None:
        return ours is None and number is None
    return math.isclose(float(ours), float(number), rel_tol=1e-9)


def iso_to_us(text: Optional[str]) -> Optional[int]:
    """A time of theirs."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(moment.timestamp() * 1_000_000)


def table(text: str, column: str) -> dict[str, int]:
    """The names and counts of DIFFERENCES.md that one of the projects has."""
    found: Counter = Counter()
    for row in text.splitlines():
        cells = [cell.strip() for cell in row.split("|")]
        if len(cells) >= 5 and cells[1].startswith("`"):
            for part in cells[2].split(","):
                project, _, count = part.strip().partition(" ")
                if project == column:
                    found[cells[1].strip("`")] += int(count)
    return dict(found)
