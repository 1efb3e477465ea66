# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The figures of the drills as tables, on the terminal and in the file named by DRILL_REPORT."""

import os
from collections import defaultdict
from pathlib import Path
from typing import Any


class DrillReport:
    """Rows by drill; a drill's columns are those of its first row."""

    def __init__(self) -> None:
        self._rows: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def add(self, drill: str, **figures: Any) -> None:
        """One run of a drill."""
        self._rows[drill].append(figures)

    def text(self) -> str:
        """All tables."""
        return "\n".join(self._table(drill, rows) for drill, rows in self._rows.items())

    @staticmethod
    def _table(drill: str, rows: list[dict[str, Any]]) -> str:
        columns = list(rows[0])
        lines = [f"### {drill} ({len(rows)} runs)", "", f"| {' | '.join(columns)} |", "| --- " * len(columns) + "|"]
        lines += ["| " + " | ".join(_cell(row.get(column)) for column in columns) + " |" for row in rows]
        return "\n".join(lines) + "\n"

    def write(self) -> None:
        """Writes the file that DRILL_REPORT names."""
        path = os.environ.get("DRILL_REPORT")
        if path and self._rows:
            Path(path).write_text(self.text(), encoding="utf-8")


def _cell(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


REPORT = DrillReport()


def drill_count() -> int:
    """How often each drill runs: DRILL_COUNT, 2 where it is not set."""
    return max(1, int(os.environ.get("DRILL_COUNT", "2")))
