# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Where the recordings are, and what the folder and name of a file say about it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

BINANCE_MARKETS = {"spot": "spot", "futures": "usdm", "delivery": "coinm"}

INSTRUMENT_FILES = {
    ("binance", "spot"): "binance/rest/spot_exchangeInfo.cryptofeed.jsonl",
    ("binance", "usdm"): "binance/rest/futures_exchangeInfo.cryptofeed.jsonl",
    ("binance", "coinm"): "binance/rest/delivery_exchangeInfo.cryptofeed.jsonl",
    ("okx", None): "okx/rest/instruments.cryptofeed.jsonl",
    ("htx", "spot"): "htx/rest/spot_symbols.cryptofeed.jsonl",
    ("htx", "linear-swap"): "htx/rest/swap_contract_info.cryptofeed.jsonl",
    ("htx", "swap"): "htx/rest/swap_contract_info.cryptofeed.jsonl",
    ("htx", "futures"): "htx/rest/contract_info.cryptofeed.jsonl",
    ("coinbase", None): "coinbase/rest/products.cryptofeed.jsonl",
}

ANSWER_MARKERS = {
    "binance": ("/exchangeInfo",),
    "okx": ("/api/v5/public/instruments",),
    "htx": ("/v1/common/symbols", "/market-symbols", "/swap_contract_info", "/contract_contract_info"),
    "coinbase": (".com/products",),
}
VENUES = ("binance", "okx", "htx", "coinbase")


def folder() -> Optional[Path]:
    """The folder named by MARKETBUS_RECORDED_DATA that holds `binance/` and `okx/`, or None."""
    named = os.environ.get("MARKETBUS_RECORDED_DATA")
    if not named:
        return None
    for candidate in (Path(named), Path(named) / "recorded"):
        if (candidate / "binance").is_dir() and (candidate / "okx").is_dir():
            return candidate
    return None


@dataclass(frozen=True)
class Recording:
    """One recorded file."""

    path: Path
    venue: str
    market: Optional[str]
    form: str

    @property
    def name(self) -> str:
        """The file's name for test reports."""
        return "/".join(self.path.parts[-3:])

    @property
    def instruments(self) -> Optional[Path]:
        """The recorded instrument answers of this venue and market."""
        part = {"binance": self.market, "htx": self.path.parent.name}.get(self.venue)
        relative = INSTRUMENT_FILES.get((self.venue, part))
        return self.path.parents[2] / relative if relative else None

    def lines(self) -> list[str]:
        """The file's lines."""
        return self.path.read_text(encoding="utf-8").splitlines()


def form_of(path: Path) -> str:
    """The form of a file, by its name (data/README.md)."""
    if path.parent.name == "rest":
        return "rest"
    if ".expected." in path.name:
        return "expected"
    return "session" if path.name.endswith(".session.jsonl") else "raw"


def recordings(venue: str, *forms: str) -> list[Recording]:
    """The recorded files of a venue in some forms; empty where there are no recordings."""
    root = folder()
    if root is None:
        return []
    found = []
    for path in sorted((root / venue).glob("*/*.jsonl")):
        market = BINANCE_MARKETS.get(path.parent.name) if venue == "binance" else None
        recording = Recording(path, venue, market, form_of(path))
        if recording.form in forms:
            found.append(recording)
    return found


def instrument_answers(venue: str) -> list[tuple[Path, Optional[str]]]:
    """Every recorded file that holds an instrument answer, with the market to name where its URLs do not."""
    markers = ANSWER_MARKERS[venue]
    files = []
    for recording in recordings(venue, "rest"):
        urls = (str(json.loads(line).get("url")) for line in recording.lines() if line.strip())
        if any(marker in url for url in urls for marker in markers):
            files.append((recording.path, _market_of_rest_file(recording)))
    return files


def _market_of_rest_file(recording: Recording) -> Optional[str]:
    if recording.venue != "binance":
        return None
    prefix = recording.path.name.split("_")[0]
    return {"spot": "spot", "futures": "usdm", "delivery": "coinm"}.get(prefix)
