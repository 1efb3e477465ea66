# Part of MarketBus. Apache License 2.0, see LICENSE.
"""REST instrument answers: what a symbol is, and the `ref.instrument.v1` record it becomes."""

import json
from pathlib import Path
from typing import Any, Iterator, Optional

from . import listings
from .listings import Instrument
from .numbers import parse_json
from .outcomes import Record

# Maker and taker, venues/README section 4; derivatives alike for linear and inverse.
FEES = {
    ("binance", "spot"): ("0.001", "0.001"),
    ("binance", "derivative"): ("0.0002", "0.0005"),
    ("okx", "spot"): ("0.0008", "0.001"),
    ("okx", "derivative"): ("0.0002", "0.0005"),
    ("htx", "spot"): ("0.002", "0.002"),
    ("htx", "derivative"): ("0.0002", "0.0006"),
    ("coinbase", "spot"): ("0.004", "0.006"),
}


class InstrumentBook:
    """All instruments known so far, by market and the venue's own symbol."""

    def __init__(self, venue: str) -> None:
        self.venue = venue
        self._known: dict[tuple[str, str], Instrument] = {}
        self._aliases: dict[tuple[str, str], Instrument] = {}

    def find(self, market: str, venue_symbol: str) -> Optional[Instrument]:
        """The instrument, if an answer named it or the alias under which it trades (`BTC_CQ`)."""
        place = (market, venue_symbol)
        return self._known.get(place) or self._aliases.get(place)

    def symbols(self, market: str) -> list[str]:
        """The canonical symbols of a market, in the order in which they became known."""
        return [found.name.canonical for (where, _), found in self._known.items() if where == market]

    def load_body(self, body: str, url: str, market: Optional[str] = None) -> list[Instrument]:
        """Takes in one REST body; returns its instruments in order (none if it is no instrument answer)."""
        parsed = parse_json(body)
        found = listings.parse_answer(self.venue, parsed, url, market)
        for instrument in found:
            self._known[(instrument.market, instrument.venue_symbol)] = instrument
            if instrument.alias:
                self._aliases[(instrument.market, instrument.alias)] = instrument
        return found

    def load_file(self, path: Path, market: Optional[str] = None) -> list[Instrument]:
        """Takes in a file of the `rest` form; lines that are no instrument answers are passed over."""
        found: list[Instrument] = []
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            if not line.strip():
                continue
            entry = json.loads(line)
            if listings.is_instrument_answer(self.venue, entry.get("url") or ""):
                found += self.load_body(entry["msg"], entry["url"], market)
        return found


def kind_of(instrument: Instrument) -> str:
    """The instrument's kind on the wire."""
    if not instrument.name.contract:
        return "spot"
    side = "linear" if instrument.linear else "inverse"
    return f"{side}_perpetual" if instrument.name.contract == "PERP" else f"{side}_future"


def instrument_record(venue: str, instrument: Instrument) -> Record:
    """The `ref.instrument.v1` record of one instrument."""
    kind = kind_of(instrument)
    maker, taker = FEES[(venue, "spot" if kind == "spot" else "derivative")]
    symbol = instrument.name.canonical
    value = {
        "schema": "instrument.v1",
        "venue": venue,
        "symbol": symbol,
        "venue_symbol": instrument.venue_symbol,
        "kind": kind,
        "base": instrument.name.base,
        "quote": instrument.name.quote,
        "maker_fee": maker,
        "taker_fee": taker,
        **instrument.fields,
    }
    return Record("ref.instrument.v1", f"{venue}:{symbol}", value)


def instrument_records(venue: str, path: Path, market: Optional[str] = None) -> Iterator[Record]:
    """The records of a file of REST answers, in the file's order."""
    for instrument in InstrumentBook(venue).load_file(path, market):
        yield instrument_record(venue, instrument)
