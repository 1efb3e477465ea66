# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Canonical symbols: `BTC-USDT`, `BTC-USDT-PERP`, `BTC-USD-PERP`, `BTC-USDT-20261225` (DESIGN section 3)."""

import re
from dataclasses import dataclass
from typing import Optional

from .outcomes import Undecodable

# Quote currencies of Binance, for joined names without an instrument list (EVENTS 7). The recorded exchangeInfo names
# the first 26; the rest came later.
BINANCE_QUOTES = (
    "BTC USDT BNB BUSD ETH USDC PAX TUSD EUR TRY BRL GBP BKRW BIDR NGN RUB AUD ZAR DAI IDRT USDS UAH XRP TRX BVND VAI "
    "FDUSD AEUR EURI USD1 USDE XUSD BFUSD USDP UST DOGE DOT JPY MXN PLN RON ARS COP CZK SOL IDR KZT"
).split()

# Quote currencies of HTX spot: those that the recorded symbol list names, then later ones.
HTX_QUOTES = "BTC USDT ETH HUSD HT TRX USDC USDD TUSD EUR GBP TRY BRL UAH RUB".split()

_CURRENCY = re.compile(r"\w+\Z")
_DATE = re.compile(r"\d{6}\Z")


@dataclass(frozen=True)
class Name:
    """What a venue's symbol says by itself. `contract` is "", "PERP" or a date like "20261225"."""

    base: str
    quote: str
    contract: str

    @property
    def canonical(self) -> str:
        """The symbol on the wire."""
        parts = [self.base, self.quote] + ([self.contract] if self.contract else [])
        return "-".join(parts)


def split_joined(joined: str, quotes: list[str]) -> tuple[str, str]:
    """Base and quote of a joined name: the longest quote currency of the list that leaves a base."""
    for quote in sorted(quotes, key=len, reverse=True):
        if joined.endswith(quote) and _CURRENCY.match(joined[: -len(quote)]):
            return joined[: -len(quote)], quote
    raise Undecodable("unknown_instrument", joined)


def binance_name(symbol: str, market: str, known: Optional[tuple[str, str]] = None) -> Name:
    """The name of a Binance symbol on a market: spot, usdm or coinm."""
    joined, _, suffix = symbol.partition("_")
    if market == "spot":
        base, quote = known or split_joined(symbol, BINANCE_QUOTES)
        return Name(base, quote, "")
    quotes = ["USD"] if market == "coinm" else BINANCE_QUOTES
    base, quote = known or split_joined(joined, quotes)
    if _DATE.match(suffix):
        return Name(base, quote, "20" + suffix)
    if suffix not in ("", "PERP"):
        raise Undecodable("unknown_instrument", symbol)
    return Name(base, quote, "PERP")


def htx_name(symbol: str) -> Name:
    """The name of an HTX symbol: `btcusdt`, `BTC-USDT`, `BTC-USD`, `BTC-USDT-261225`, `BTC261225`.

    An alias (`BTC_CQ`, `BTC-USDT-CQ`) says nothing without an instrument list (EVENTS 8).
    """
    delivery = re.match(r"([A-Z]\w*?)(\d{6})\Z", symbol)
    if delivery:
        return Name(delivery[1], "USD", "20" + delivery[2])
    parts = symbol.split("-")
    if len(parts) == 1 and _CURRENCY.match(symbol) and symbol == symbol.lower():
        return Name(*split_joined(symbol.upper(), HTX_QUOTES), "")
    if len(parts) in (2, 3) and all(_CURRENCY.match(part) for part in parts):
        contract = "PERP" if len(parts) == 2 else "20" + parts[2]
        if contract == "PERP" or _DATE.match(parts[2]):
            return Name(parts[0], parts[1], contract)
    raise Undecodable("unknown_instrument", symbol)


def coinbase_name(product: str) -> Name:
    """The name of a Coinbase product: spot only, split at the hyphen."""
    parts = product.split("-")
    if len(parts) != 2 or not all(_CURRENCY.match(part) for part in parts):
        raise Undecodable("unknown_instrument", product)
    return Name(parts[0], parts[1], "")


def okx_name(instrument: str) -> Optional[Name]:
    """The name of an OKX instrument; None for an option."""
    parts = instrument.split("-")
    if not all(_CURRENCY.match(part) for part in parts):
        raise Undecodable("unknown_instrument", instrument)
    if len(parts) == 5:
        return None
    if len(parts) == 2:
        return Name(parts[0], parts[1], "")
    if len(parts) == 3 and parts[2] == "SWAP":
        return Name(parts[0], parts[1], "PERP")
    if len(parts) == 3 and _DATE.match(parts[2]):
        return Name(parts[0], parts[1], "20" + parts[2])
    raise Undecodable("unknown_instrument", instrument)
