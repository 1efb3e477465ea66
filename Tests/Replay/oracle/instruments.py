# Part of MarketBus. Apache License 2.0, see LICENSE.
"""REST instrument answers: what a symbol is, and the `ref.instrument.v1` record it becomes."""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Iterator, Optional

from .numbers import canonical, decimal_of, integer, parse_json, product, spell
from .outcomes import Record, Undecodable
from .symbols import Name, binance_name, okx_name

# Maker and taker, venues/README section 4; derivatives alike for linear and inverse.
FEES = {
    ("binance", "spot"): ("0.001", "0.001"),
    ("binance", "derivative"): ("0.0002", "0.0005"),
    ("okx", "spot"): ("0.0008", "0.001"),
    ("okx", "derivative"): ("0.0002", "0.0005"),
}

BINANCE_STATUS = {
    "TRADING": "trading",
    "HALT": "halted",
    "BREAK": "halted",
    "END_OF_DAY": "halted",
    "CANCEL_ONLY": "halted",
    "PENDING_TRADING": "pre_trading",
    "PRE_DELIVERING": "settling",
    "DELIVERING": "settling",
    "PRE_SETTLE": "settling",
    "SETTLING": "settling",
    "DELIVERED": "closed",
    "CLOSE": "closed",
}

OKX_STATUS = {
    "live": "trading",
    "suspend": "halted",
    "rebase": "halted",
    "preopen": "pre_trading",
    "test": "closed",
}


@dataclass(frozen=True)
class Instrument:
    """What the decoders need to know of one instrument, and its record's fields."""

    market: str
    venue_symbol: str
    name: Name
    linear: bool
    multiplier: Optional[Decimal]
    fields: dict[str, Any]


class InstrumentBook:
    """All instruments known so far, by market and the venue's own symbol."""

    def __init__(self, venue: str) -> None:
        self.venue = venue
        self._known: dict[tuple[str, str], Instrument] = {}

    def find(self, market: str, venue_symbol: str) -> Optional[Instrument]:
        """The instrument, if an answer named it."""
        return self._known.get((market, venue_symbol))

    def symbols(self, market: str) -> list[str]:
        """The canonical symbols of a market, in the order in which they became known."""
        return [found.name.canonical for (where, _), found in self._known.items() if where == market]

    def load_body(self, body: str, url: str, market: Optional[str] = None) -> list[Instrument]:
        """Takes in one REST body; returns its instruments in order (none if it is no instrument answer)."""
        parsed = parse_json(body)
        found = parse_answer(self.venue, parsed, url, market)
        for instrument in found:
            self._known[(instrument.market, instrument.venue_symbol)] = instrument
        return found

    def load_file(self, path: Path, market: Optional[str] = None) -> list[Instrument]:
        """Takes in a file of the `rest` form; lines that are no instrument answers are passed over."""
        found: list[Instrument] = []
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            if not line.strip():
                continue
            entry = json.loads(line)
            if is_instrument_answer(self.venue, entry.get("url") or ""):
                found += self.load_body(entry["msg"], entry["url"], market)
        return found


def is_instrument_answer(venue: str, url: str) -> bool:
    """Whether a REST URL is the venue's list of instruments."""
    path = url.partition("?")[0]
    if venue == "binance":
        return re.search(r"/(api/v[13]|fapi/v1|dapi/v1)/exchangeInfo\Z", path) is not None
    return path.endswith("/api/v5/public/instruments")


def parse_answer(venue: str, body: Any, url: str, market: Optional[str]) -> list[Instrument]:
    """The instruments of a REST body, options left out."""
    if venue == "okx":
        rows = body.get("data") or []
        parsed = (_okx_instrument(row) for row in rows)
        return [instrument for instrument in parsed if instrument is not None]
    where = _binance_market_of_url(url) or market
    if where is None:
        raise Undecodable("unknown_market", url)
    return [_binance_instrument(row, where) for row in body["symbols"]]


def _binance_market_of_url(url: str) -> Optional[str]:
    for marker, market in (("/fapi/", "usdm"), ("/dapi/", "coinm"), ("/api/", "spot")):
        if marker in url:
            return market
    return None


def _binance_instrument(row: dict[str, Any], market: str) -> Instrument:
    venue_symbol = row["symbol"]
    name = binance_name(venue_symbol, market, (row["baseAsset"], row["quoteAsset"]))
    filters = {entry.get("filterType"): entry for entry in row.get("filters") or [] if isinstance(entry, dict)}
    lot = filters.get("LOT_SIZE", {})
    notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or {}
    contract_size = {"spot": None, "usdm": "1", "coinm": row.get("contractSize")}[market]
    status = row.get("status") or row.get("contractStatus")
    dated = name.contract not in ("", "PERP")
    fields = {
        "tick_size": _number(filters.get("PRICE_FILTER", {}).get("tickSize")),
        "lot_size": _number(lot.get("stepSize")),
        "min_size": _number(lot.get("minQty")),
        "min_notional": _number(notional.get("minNotional", notional.get("notional"))),
        "contract_size": _number(contract_size),
        "status": _translated(BINANCE_STATUS, status),
        "settle": row.get("marginAsset") or row["quoteAsset"],
        "expiry_us": integer(row["deliveryDate"]) * 1000 if dated else None,
    }
    return Instrument(market, venue_symbol, name, market != "coinm", Decimal(1), fields)


def _okx_instrument(row: dict[str, Any]) -> Optional[Instrument]:
    kind, venue_symbol = row["instType"], row["instId"]
    if kind not in ("SPOT", "SWAP", "FUTURES"):
        return None
    name = okx_name(venue_symbol)
    if name is None:
        return None
    spot = kind == "SPOT"
    multiplier = None if spot else product(decimal_of(row["ctVal"]), decimal_of(row["ctMult"]))
    expiry = row.get("expTime") if kind == "FUTURES" else None
    fields = {
        "tick_size": _number(row.get("tickSz")),
        "lot_size": _number(row.get("lotSz")),
        "min_size": _number(row.get("minSz")),
        "min_notional": None,
        "contract_size": None if multiplier is None else spell(multiplier),
        "status": _translated(OKX_STATUS, row.get("state")),
        "settle": row.get("settleCcy") or name.quote,
        "expiry_us": integer(expiry) * 1000 if expiry else None,
    }
    return Instrument("okx", venue_symbol, name, spot or row.get("ctType") == "linear", multiplier, fields)


def _number(value: Any) -> Optional[str]:
    return None if value is None or value == "" else canonical(value)


def _translated(table: dict[str, str], status: Any) -> str:
    if status not in table:
        raise Undecodable("unknown_status", repr(status))
    return table[status]


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
