# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Binance frames (venues/binance.md sections 2 to 4): trades from `trade` and `aggTrade`, quotes from `bookTicker`."""

import re
from typing import Any, Optional, Union

from .instruments import InstrumentBook
from .numbers import canonical, integer, microseconds, parse_json
from .outcomes import Ignored, Quote, Trade, Undecodable
from .symbols import binance_name

Outcome = Union[list[Union[Trade, Quote]], Ignored]

_TOP_OF_BOOK = {"u", "s", "b", "B", "a", "A"}


def market_of_connection(url: Optional[str], conn: str) -> Optional[str]:
    """The market that a connection's URL names, else the one that its name does (EVENTS 6)."""
    for text in (url or "", conn):
        for pattern, market in (
            (r"dstream|dapi|coinm", "coinm"),
            (r"fstream|fapi|usdm", "usdm"),
            (r"stream\.binance|\bapi\.binance|spot", "spot"),
        ):
            if re.search(pattern, text):
                return market
    return None


class BinanceDecoder:
    """One connection's frames to events. `market` is None where only the frames can tell."""

    def __init__(self, instruments: InstrumentBook, market: Optional[str], url: Optional[str] = None) -> None:
        self.instruments = instruments
        self.market = market
        self.time_unit = 1 if url and "timeunit=microsecond" in url.lower() else 1000

    def decode(self, text: str) -> Outcome:
        """What becomes of one frame."""
        frame = parse_json(text)
        if not isinstance(frame, dict):
            if isinstance(frame, list):
                return Ignored(_kind_of_rows(frame))
            raise Undecodable("malformed_json", "neither object nor array")
        if "data" in frame and not isinstance(frame.get("e"), str):
            return self._payload(frame["data"], str(frame.get("stream", "")))
        if "e" not in frame:
            control = _control_kind(frame)
            if control is not None:
                return Ignored(control)
        return self._payload(frame, "")

    def _payload(self, data: Any, stream: str) -> Outcome:
        if isinstance(data, list):
            return Ignored(_kind_of_rows(data))
        if not isinstance(data, dict):
            raise Undecodable("malformed_json", "payload")
        event = data.get("e")
        if event is not None and not isinstance(event, str):
            raise Undecodable("bad_field", "e")
        if event in ("trade", "aggTrade"):
            return self._trade(data, "t" if event == "trade" else "a")
        if event == "bookTicker" or (event is None and self._is_top_of_book(data, stream)):
            return [self._quote(data)]
        if event is not None:
            return Ignored(str(event))
        return Ignored("partial_depth" if "lastUpdateId" in data else "unknown")

    @staticmethod
    def _is_top_of_book(data: dict[str, Any], stream: str) -> bool:
        return stream.endswith("bookTicker") or _TOP_OF_BOOK <= data.keys()

    def _trade(self, data: dict[str, Any], id_field: str) -> Outcome:
        market = self._market(data)
        if market != "spot" and id_field == "t" and data.get("X") not in (None, "MARKET"):
            return Ignored("trade_not_market")
        for required in ("s", id_field, "p", "q", "m"):
            if data.get(required) in (None, ""):
                raise Undecodable("missing_field", required)
        if not isinstance(data["m"], bool):
            raise Undecodable("bad_field", "m")
        return [
            Trade(
                symbol=self._symbol(data["s"], market),
                venue_symbol=data["s"],
                exchange_us=self._time(data),
                trade_id=str(integer(data[id_field])),
                price=canonical(data["p"]),
                size=canonical(data["q"]),
                side="sell" if data["m"] else "buy",
            )
        ]

    def _quote(self, data: dict[str, Any]) -> Quote:
        market = self._market(data)
        for required in ("s", "u", "b", "B", "a", "A"):
            if data.get(required) is None:
                raise Undecodable("missing_field", required)
        bid, bid_size = _side(data["b"], data["B"])
        ask, ask_size = _side(data["a"], data["A"])
        return Quote(
            symbol=self._symbol(data["s"], market),
            venue_symbol=data["s"],
            exchange_us=self._time(data),
            venue_seq=integer(data["u"]),
            bid=bid,
            bid_size=bid_size,
            ask=ask,
            ask_size=ask_size,
        )

    def _time(self, data: dict[str, Any]) -> Optional[int]:
        engine = microseconds(data.get("T"), self.time_unit)
        return engine if engine is not None else microseconds(data.get("E"), self.time_unit)

    def _symbol(self, venue_symbol: Any, market: str) -> str:
        if not isinstance(venue_symbol, str):
            raise Undecodable("bad_field", "s")
        known = self.instruments.find(market, venue_symbol)
        if known is not None:
            return known.name.canonical
        return binance_name(venue_symbol, market).canonical

    def _market(self, data: dict[str, Any]) -> str:
        """The market of a payload: the gateway's own mark first, then the connection, then what the frame shows."""
        if self.market != "spot" and data.get("st") in (1, 2):
            return "usdm" if data["st"] == 1 else "coinm"
        return self.market or _market_shown(data)


def _side(price: Any, size: Any) -> tuple[Optional[str], Optional[str]]:
    """One side of a quote; nobody bids or asks at the price 0 with the size 0 (EVENTS 16)."""
    level = (canonical(price), canonical(size))
    return (None, None) if level == ("0", "0") else level


def _market_shown(data: dict[str, Any]) -> str:
    symbol = str(data.get("s") or "")
    if symbol.endswith("_PERP"):
        return "coinm"
    if "e" not in data or "M" in data:
        return "spot"
    joined, _, date = symbol.partition("_")
    if date and joined.endswith("USD") and not joined.endswith("BUSD"):
        return "coinm"
    return "usdm"


def _control_kind(frame: dict[str, Any]) -> Optional[str]:
    if "result" in frame:
        return "ack"
    if "error" in frame or ("code" in frame and "msg" in frame):
        return "error"
    if isinstance(frame.get("event"), dict):
        return "user_data"
    return None


def _kind_of_rows(rows: list[Any]) -> str:
    first = rows[0] if rows and isinstance(rows[0], dict) else {}
    return f"{first.get('e', 'rows')}[]"
