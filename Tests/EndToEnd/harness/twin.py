# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The ExchangeTwin as a process: where its venues are, its control door, and what the oracle makes of its log."""

import json
from pathlib import Path
from typing import Any, Optional

import programs
from oracle import InstrumentBook, Replay, replay_with

from .process import Program, http_request

INSTRUMENT_PATHS = {
    "binance": {
        "spot_rest": ("/api/v3/exchangeInfo", "spot"),
        "usdm_rest": ("/fapi/v1/exchangeInfo", "usdm"),
        "coinm_rest": ("/dapi/v1/exchangeInfo", "coinm"),
    },
    "okx": {
        "rest": ("/api/v5/public/instruments?instType=SPOT", "okx"),
        "rest ": ("/api/v5/public/instruments?instType=SWAP", "okx"),
    },
}


class Twin:
    """A running `exchange-twin`."""

    def __init__(self, folder: Path, *arguments: str, name: str = "twin", frames: bool = True) -> None:
        self.log_path = folder / f"{name}.sent.jsonl"
        log = ["--log", str(self.log_path), "--log-frames"] if frames else []
        command = [str(programs.binary("exchange-twin")), *log, *arguments]
        self.program = Program(name, command, folder)
        self.ready = self.program.ready_line()
        self._control = f"http://127.0.0.1:{self.ready['control_port']}"

    def endpoints(self, venue: str) -> dict[str, str]:
        """The endpoint overrides of a venue, by the feed's own names."""
        return dict(self.ready["endpoints"][venue])

    def control(self, method: str, path: str, body: Optional[Any] = None) -> Any:
        """An answer of the control door, as JSON."""
        status, text = http_request(method, self._control + path, body)
        assert status == 200, f"{method} {path}: {status} {text}"
        return json.loads(text) if text.strip() else None

    def fault(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Starts a fault; the answer says how many connections or streams it met."""
        return self.control("POST", "/fault", {"kind": kind, **fields})

    def stats(self) -> dict[str, Any]:
        """Its counts."""
        return self.control("GET", "/stats")

    def instruments(self, venue: str) -> InstrumentBook:
        """The instruments of its REST answers, read by the oracle."""
        book = InstrumentBook(venue)
        for name, (path, market) in INSTRUMENT_PATHS[venue].items():
            url = self.endpoints(venue)[name.strip()].rstrip("/") + path
            status, body = http_request("GET", url, timeout=10)
            assert status == 200, f"{url}: {status}"
            book.load_body(body, path, None if venue == "okx" else market)
        return book

    def sent(self) -> list[dict[str, Any]]:
        """The market frames of its log, as they were sent; a line still being written is left out."""
        entries = []
        for line in self.log_path.read_text(encoding="utf-8").split("\n")[:-1]:
            entry = json.loads(line)
            if "frame" in entry and "stream" in entry:
                entries.append(entry)
        return entries

    def expected(self, venue: str, book: InstrumentBook, entries: Optional[list[dict[str, Any]]] = None) -> Replay:
        """What the oracle makes of the frames sent as a venue; each connection is an epoch of its own."""
        lines = []
        for entry in self.sent() if entries is None else entries:
            if entry["venue"] == venue:
                conn = f"{venue}.{entry['market']}.{entry['conn']}"
                lines.append(json.dumps({"recv_ns": entry["t_ns"], "conn": conn, "dir": "in", "msg": entry["frame"]}))
        return replay_with(venue, lines, book)

    def close(self) -> None:
        """Stops it."""
        self.program.stop()
