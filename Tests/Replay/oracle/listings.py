# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The venues' REST lists of instruments, row by row."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Optional

from .numbers import canonical, decimal_of, integer, product, spell
from .outcomes import Undecodable
from .symbols import Name, binance_name, htx_name, okx_name

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


HTX_STATUS = {
    "online": "trading",
    "pre-online": "pre_trading",
    "suspend": "halted",
    "offline": "closed",
}

HTX_CONTRACT_STATUS = {
    0: "closed",
    1: "trading",
    2: "pre_trading",
    3: "halted",
    4: "pre_trading",
    5: "settling",
    6: "settling",
    7: "settling",
    8: "closed",
}

HTX_ALIASES = {"this_week": "CW", "next_week": "NW", "quarter": "CQ", "next_quarter": "NQ"}

COINBASE_STATUS = {
    "online": "trading",
    "offline": "halted",
    "internal": "pre_trading",
    "delisted": "closed",
}

_ANSWERS = {
    "binance": r"/(api/v[13]|fapi/v1|dapi/v1)/exchangeInfo\Z",
    "okx": r"/api/v5/public/instruments\Z",
    "htx": r"/(v1/common/symbols|market-symbols|swap_contract_info|contract_contract_info)\Z",
    "coinbase": r"(?<!market)/products\Z",
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
    alias: Optional[str] = None


def is_instrument_answer(venue: str, url: str) -> bool:
    """Whether a REST URL is the venue's list of instruments."""
    path = url.partition("?")[0]
    return re.search(_ANSWERS[venue], path) is not None


def parse_answer(venue: str, body: Any, url: str, market: Optional[str]) -> list[Instrument]:
    """The instruments of a REST body, options left out."""
    if venue == "okx":
        rows = body.get("data") or []
        parsed = (_okx_instrument(row) for row in rows)
        return [instrument for instrument in parsed if instrument is not None]
    if venue == "htx":
        return [_htx_contract(row) if "contract_code" in row else _htx_pair(row) for row in body["data"]]
    if venue == "coinbase":
        return [_coinbase_product(row) for row in body]
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


def _htx_pair(row: dict[str, Any]) -> Instrument:
    """A spot symbol, in the long spelling of `common/symbols` or the short one of `market-symbols`."""
    base, quote = row.get("base-currency", row.get("bc")), row.get("quote-currency", row.get("qc"))
    fields = {
        "tick_size": _step(row.get("price-precision", row.get("pp"))),
        "lot_size": _step(row.get("amount-precision", row.get("ap"))),
        "min_size": _number(row.get("min-order-amt", row.get("minoa"))),
        "min_notional": _number(row.get("min-order-value", row.get("minov"))),
        "contract_size": None,
        "status": _translated(HTX_STATUS, row["state"]),
        "settle": quote.upper(),
        "expiry_us": None,
    }
    return Instrument("htx", row["symbol"], Name(base.upper(), quote.upper(), ""), True, None, fields)


def _htx_contract(row: dict[str, Any]) -> Instrument:
    """A swap or a delivery contract; the sizes of inverse ones stay contracts."""
    code = row["contract_code"]
    name = htx_name(code)
    linear = name.quote != "USD"
    alias = HTX_ALIASES.get(row.get("contract_type"))
    if alias:
        alias = f"{name.base}-{name.quote}-{alias}" if linear else f"{name.base}_{alias}"
    fields = {
        "tick_size": _number(row["price_tick"]),
        "lot_size": "1",
        "min_size": "1",
        "min_notional": None,
        "contract_size": _number(row["contract_size"]),
        "status": _translated(HTX_CONTRACT_STATUS, row["contract_status"]),
        "settle": name.quote if linear else name.base,
        "expiry_us": integer(row["delivery_time"]) * 1000 if name.contract != "PERP" else None,
    }
    multiplier = decimal_of(row["contract_size"]) if linear else Decimal(1)
    return Instrument("htx", code, name, linear, multiplier, fields, alias)


def _coinbase_product(row: dict[str, Any]) -> Instrument:
    halted = row.get("trading_disabled") or row.get("cancel_only")
    fields = {
        "tick_size": _number(row["quote_increment"]),
        "lot_size": _number(row["base_increment"]),
        "min_size": _number(row.get("base_min_size")),
        "min_notional": _number(row.get("min_market_funds")),
        "contract_size": None,
        "status": "halted" if halted else _translated(COINBASE_STATUS, row["status"]),
        "settle": row["quote_currency"],
        "expiry_us": None,
    }
    return Instrument("coinbase", row["id"], Name(row["base_currency"], row["quote_currency"], ""), True, None, fields)


def _step(decimals: Any) -> Optional[str]:
    """The smallest step of a number with so many decimals."""
    return None if decimals is None else spell(Decimal((0, (1,), -integer(decimals))))


def _number(value: Any) -> Optional[str]:
    return None if value is None or value == "" else canonical(value)


def _translated(table: dict[str, str], status: Any) -> str:
    if status not in table:
        raise Undecodable("unknown_status", repr(status))
    return table[status]


