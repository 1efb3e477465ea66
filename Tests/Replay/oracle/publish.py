# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Events as the fields of their records (DESIGN section 3)."""

from decimal import Decimal
from typing import Any, Optional, Sequence, Union

from .books import BookUpdate
from .candles import CandleUpdate
from .numbers import spell
from .outcomes import Candle, Funding, Level, Liquidation, OpenInterest, Quote, Ticker, Trade

TOPICS = {
    Trade: "md.trade.v1",
    Quote: "md.bbo.v1",
    Candle: "md.candle.v1",
    Ticker: "md.ticker.v1",
    Funding: "md.funding.v1",
    OpenInterest: "md.open_interest.v1",
    Liquidation: "md.liquidation.v1",
}
BOOK_TOPIC = "md.book.v1"
MARKET_TOPICS = (*TOPICS.values(), BOOK_TOPIC)
_COMMON = ("symbol", "venue_symbol", "exchange_us")


def own_fields(event: Union[Trade, Quote, Ticker, OpenInterest, Liquidation]) -> dict[str, Any]:
    """The fields beyond the common part of an event that is published as it stands."""
    fields = {name: value for name, value in vars(event).items() if name not in _COMMON}
    fields.setdefault("venue_seq", None)
    if isinstance(event, Quote):
        fields |= {"state": "live", "reason": None}
    return fields | {"venue_prev_seq": None}


def invalid_quote(reason: str) -> dict[str, Any]:
    """A best bid and ask whose source was lost."""
    prices = dict.fromkeys(("bid", "bid_size", "ask", "ask_size"))
    return {"venue_seq": None, "venue_prev_seq": None, "state": "invalid", "reason": reason, **prices}


def candle_fields(update: CandleUpdate) -> dict[str, Any]:
    """The fields of a candle's update."""
    candle = update.candle
    return {
        "venue_seq": candle.venue_seq,
        "venue_prev_seq": None,
        "interval": candle.interval.name,
        "open_us": candle.open_us,
        "close_us": candle.interval.close_us(candle.open_us),
        "open": candle.open,
        "high": candle.high,
        "low": candle.low,
        "close": candle.close,
        "volume": candle.volume,
        "quote_volume": candle.quote_volume,
        "trades": candle.trades,
        "closed": update.closed,
        "origin": "ws",
        "revision": update.revision,
    }


def funding_fields(funding: Funding, mark: Optional[str], index: Optional[str]) -> dict[str, Any]:
    """The fields of a funding frame, with the mark and index last seen where it has none of its own."""
    return {
        "venue_seq": None,
        "venue_prev_seq": None,
        "rate": funding.rate,
        "next_funding_us": funding.next_funding_us,
        "interval_us": funding.interval_us,
        "mark": funding.mark if funding.mark is not None else mark,
        "index": funding.index if funding.index is not None else index,
    }


def book_fields(update: BookUpdate) -> dict[str, Any]:
    """The fields of a book's record."""
    return {
        "venue_seq": update.venue_seq,
        "venue_prev_seq": update.venue_prev_seq,
        "kind": update.kind,
        "reason": update.reason,
        "book_epoch": update.book_epoch,
        "depth": update.depth,
        "horizon_bid": _spelled(update.horizon_bid),
        "horizon_ask": _spelled(update.horizon_ask),
        "bids": spelled(update.bids),
        "asks": spelled(update.asks),
    }


def spelled(side: Sequence[Level]) -> list[list[str]]:
    """The levels of a side as they stand on the wire."""
    return [[spell(level.price), spell(level.size)] for level in side]


def _spelled(price: Optional[Decimal]) -> Optional[str]:
    return None if price is None else spell(price)
