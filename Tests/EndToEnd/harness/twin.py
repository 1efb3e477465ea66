# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The ExchangeTwin as a process: where its venues are, and its control door."""

import json
from pathlib import Path
from typing import Any, Optional

import programs

from .process import Program, http_request


class Twin:
    """A running `exchange-twin`."""

    def __init__(self, folder: Path, *arguments: str, name: str = "twin") -> None:
        self.log_path = folder / f"{name}.sent.jsonl"
        command = [str(programs.binary("exchange-twin")), "--log", str(self.log_path), *arguments]
        self.program = Program(name, command, folder)
        self.ready = self.program.ready_line()

    def endpoints(self, venue: str) -> dict[str, str]:
        """The endpoint overrides of a venue, by the feed's own names."""
        found = self.ready["endpoints"]
        return dict(found.get(venue, found))

    def control(self, method: str, path: str, body: Optional[Any] = None) -> Any:
        """An answer of the control door, as JSON."""
        status, text = http_request(method, self.ready["control"].rstrip("/") + path, body)
        assert status == 200, f"{method} {path}: {status} {text}"
        return json.loads(text) if text.strip() else None

    def sent(self) -> list[dict[str, Any]]:
        """Its exact log of what it sent."""
        lines = self.log_path.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.strip()]

    def close(self) -> None:
        """Stops it."""
        self.program.stop()
