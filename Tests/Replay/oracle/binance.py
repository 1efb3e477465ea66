# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Binance frames (venues/binance.md sections 2 to 4) and depth snapshots: all channels of spot, USD-M and COIN-M."""

import re
from typing import Any, Optional, Union
from urllib.parse import parse_qs, urlsplit

from .contracts import INVERSE, Contract, contract
from .instruments import InstrumentBook
from .intervals import NAMES, Interval
from .levels import levels, quoted
from .numbers import canonical, decimal_of, integer, microseconds, optional, parse_json, required, signed
from .outcomes import (
    BookFrame,
    Candle,
    Event,
    Funding,
    Ignored,
    Liquidation,
    Quote,
    Reference,
    Ticker,
    Trade,
    Undecodable,
    about,
)
from .symbols import binance_name

Outcome = Union[list[Union[Event, Reference]], Ignored]

CHANNEL = "depth"
_TOP_OF_BOOK = {"u", "s", "b", "B", "a", "A"}
_DIFF_STREAM = re.compile(r"@depth(@\d+ms)?\Z")
_ROWS = {"24hrTicker", "24hrMiniTicker", "markPriceUpdate"}
_COUNTS = (5, 10, 20, 50, 100, 500, 1000, 5000)


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

    def opened(self) -> None:
        """A connection was seen to begin: nothing is counted by connection here."""

    def decode(self, text: str) -> Outcome:
        """What becomes of one frame."""
        frame = parse_json(text)
        if not isinstance(frame, dict):
            if isinstance(frame, list):
                return self._payload(frame, "")
            raise Undecodable("malformed_json", "neither object nor array")
        if frame.get("generated") is True:
            return Ignored("generated")
        if "data" in frame and not isinstance(frame.get("e"), str):
            return self._payload(frame["data"], str(frame.get("stream", "")))
        if "e" not in frame:
            control = _control_kind(frame)
            if control is not None:
                return Ignored(control)
        return self._payload(frame, "")

    def snapshot(self, body: str, url: Optional[str], symbol: str) -> BookFrame:
        """A REST depth answer of a symbol."""
        with about("md.book.v1"):
            return self._snapshot(parse_json(body), url, symbol)

    def _snapshot(self, data: Any, url: Optional[str], symbol: str) -> BookFrame:
        if not isinstance(data, dict):
            raise Undecodable("malformed_json", "no depth answer")
        required(data, "lastUpdateId")
        known = self._contract(symbol, self.market or _market_shown({"s": symbol, **data}))
        bids, asks = levels(data.get("bids"), known), levels(data.get("asks"), known)
        return BookFrame(
            symbol=known.symbol,
            venue_symbol=symbol,
            exchange_us=self._time(data),
            channel=CHANNEL,
            kind="snapshot",
            bids=bids,
            asks=asks,
            last=integer(data["lastUpdateId"]),
            depth=_depth(url, max(len(bids), len(asks))),
        )

    def _payload(self, data: Any, stream: str) -> Outcome:
        if isinstance(data, list):
            return self._rows(data)
        if not isinstance(data, dict):
            raise Undecodable("malformed_json", "payload")
        event = data.get("e")
        if event is not None and not isinstance(event, str):
            raise Undecodable("bad_field", "e")
        if event is None and (stream.endswith("bookTicker") or _TOP_OF_BOOK <= data.keys()):
            event = "bookTicker"
        if event is None:
            return Ignored("partial_depth" if "lastUpdateId" in data else "unknown")
        if event == "depthUpdate" and stream and not _DIFF_STREAM.search(stream):
            return Ignored("partial_depth")
        topic, decoder = {
            "trade": ("md.trade.v1", self._trade),
            "aggTrade": ("md.trade.v1", self._trade),
            "bookTicker": ("md.bbo.v1", self._quote),
            "depthUpdate": ("md.book.v1", self._diff),
            "kline": ("md.candle.v1", self._candle),
            "24hrTicker": ("md.ticker.v1", self._ticker),
            "24hrMiniTicker": ("md.ticker.v1", self._ticker),
            "markPriceUpdate": ("md.funding.v1", self._funding),
            "indexPriceUpdate": ("md.funding.v1", self._index),
            "forceOrder": ("md.liquidation.v1", self._liquidation),
        }.get(event, ("", None))
        if decoder is None:
            return Ignored(event)
        with about(topic):
            found = decoder(data)
        return found if isinstance(found, Ignored) else [found]

    def _rows(self, rows: list[Any]) -> Outcome:
        """A stream of all symbols: each row is a frame of its own kind."""
        first = rows[0].get("e") if rows and isinstance(rows[0], dict) else None
        if not isinstance(first, str) or first not in _ROWS:
            return Ignored(f"{first or 'rows'}[]")
        events: list[Any] = []
        for row in rows:
            found = self._payload(row, "")
            events += [] if isinstance(found, Ignored) else found
        return events

    def _trade(self, data: dict[str, Any]) -> Union[Trade, Ignored]:
        market = self._market(data)
        id_field = "t" if data["e"] == "trade" else "a"
        if market != "spot" and id_field == "t" and data.get("X") not in (None, "MARKET"):
            return Ignored("trade_not_market")
        required(data, "s", id_field, "p", "q", "m")
        if not isinstance(data["m"], bool):
            raise Undecodable("bad_field", "m")
        return Trade(
            **self._head(data, market, self._time(data)),
            trade_id=str(integer(data[id_field])),
            price=canonical(data["p"]),
            size=canonical(data["q"]),
            side="sell" if data["m"] else "buy",
        )

    def _quote(self, data: dict[str, Any]) -> Quote:
        for name in ("s", "u", "b", "B", "a", "A"):
            if data.get(name) is None:
                raise Undecodable("missing_field", name)
        bid, bid_size = quoted(data["b"], data["B"])
        ask, ask_size = quoted(data["a"], data["A"])
        head = self._head(data, self._market(data), self._time(data))
        return Quote(**head, venue_seq=integer(data["u"]), bid=bid, bid_size=bid_size, ask=ask, ask_size=ask_size)

    def _diff(self, data: dict[str, Any]) -> BookFrame:
        required(data, "s", "U", "u")
        known = self._contract(data["s"], self._market(data))
        with about("md.book.v1", (known.symbol, CHANNEL)):
            return BookFrame(
                symbol=known.symbol,
                venue_symbol=known.venue_symbol,
                exchange_us=self._time(data),
                channel=CHANNEL,
                kind="update",
                bids=levels(data.get("b"), known),
                asks=levels(data.get("a"), known),
                first=integer(data["U"]),
                last=integer(data["u"]),
                previous=None if data.get("pu") is None else integer(data["pu"]),
            )

    def _candle(self, data: dict[str, Any]) -> Union[Candle, Ignored]:
        row = data.get("k")
        if not isinstance(row, dict):
            raise Undecodable("missing_field", "k")
        required(row, "t", "i", "o", "h", "l", "c", "v")
        if not isinstance(row.get("x"), bool):
            raise Undecodable("missing_field", "x")
        span = "1mo" if row["i"] == "1M" else row["i"]
        if span not in NAMES:
            return Ignored("kline_other_interval")
        known = self._contract(data.get("s", row.get("s")), self._market({**data, "s": data.get("s", row.get("s"))}))
        inverse = known.kind == INVERSE
        opened = microseconds(row["t"], self.time_unit)
        assert opened is not None
        return Candle(
            symbol=known.symbol,
            venue_symbol=known.venue_symbol,
            exchange_us=microseconds(data.get("E"), self.time_unit),
            interval=Interval(span),
            open_us=opened,
            open=canonical(row["o"]),
            high=canonical(row["h"]),
            low=canonical(row["l"]),
            close=canonical(row["c"]),
            volume=canonical(row["v"]),
            quote_volume=known.worth(row["v"]) if inverse else optional(row.get("q")),
            trades=None if row.get("n") is None else integer(row["n"]),
            closed=row["x"],
        )

    def _ticker(self, data: dict[str, Any]) -> Ticker:
        required(data, "s", "c")
        known = self._contract(data["s"], self._market(data))
        worth = known.worth(data["v"]) if data.get("v") else None
        return Ticker(
            symbol=known.symbol,
            venue_symbol=known.venue_symbol,
            exchange_us=microseconds(data.get("E"), self.time_unit),
            last=canonical(data["c"]),
            open_24h=optional(data.get("o")),
            high_24h=optional(data.get("h")),
            low_24h=optional(data.get("l")),
            volume_24h=optional(data.get("v")),
            quote_volume_24h=worth if known.kind == INVERSE else optional(data.get("q")),
        )

    def _funding(self, data: dict[str, Any]) -> Funding:
        required(data, "s", "p")
        market = self._market(data)
        due = microseconds(data.get("T"), self.time_unit)
        charged = bool(due) and data.get("r") not in (None, "")
        if not charged and data.get("r") not in (None, ""):
            decimal_of(data["r"])
        name = binance_name(data["s"], market) if isinstance(data["s"], str) else None
        return Funding(
            **self._head(data, market, microseconds(data.get("E"), self.time_unit)),
            rate=signed(data["r"]) if charged else None,
            next_funding_us=due if charged else None,
            interval_us=None,
            mark=canonical(data["p"]),
            index=optional(data.get("i")),
            index_name=f"{name.base}-{name.quote}" if name else "",
        )

    def _index(self, data: dict[str, Any]) -> Reference:
        """The index of a pair (`BTCUSD`), for COIN-M frames that do not carry it."""
        required(data, "i", "p")
        name = binance_name(str(data["i"]), "coinm" if str(data["i"]).endswith("USD") else "usdm")
        return Reference("index", f"{name.base}-{name.quote}", canonical(data["p"]))

    def _liquidation(self, data: dict[str, Any]) -> Liquidation:
        order = data.get("o")
        if not isinstance(order, dict):
            raise Undecodable("missing_field", "o")
        required(order, "s", "S", "p", "q")
        if order["S"] not in ("BUY", "SELL"):
            raise Undecodable("bad_field", "S")
        time = microseconds(order.get("T"), self.time_unit)
        if time is None:
            time = microseconds(data.get("E"), self.time_unit)
        known = self._contract(order["s"], self._market({**data, "s": order["s"]}))
        price, size = canonical(order["p"]), canonical(order["q"])
        return Liquidation(known.symbol, known.venue_symbol, time, price, size, order["S"].lower())

    def _head(self, data: dict[str, Any], market: str, time: Optional[int]) -> dict[str, Any]:
        known = self._contract(data["s"], market)
        return {"symbol": known.symbol, "venue_symbol": known.venue_symbol, "exchange_us": time}

    def _time(self, data: dict[str, Any]) -> Optional[int]:
        engine = microseconds(data.get("T"), self.time_unit)
        return engine if engine is not None else microseconds(data.get("E"), self.time_unit)

    def _contract(self, venue_symbol: Any, market: str) -> Contract:
        if not isinstance(venue_symbol, str):
            raise Undecodable("bad_field", "s")
        known = self.instruments.find(market, venue_symbol)
        name = known.name if known is not None else binance_name(venue_symbol, market)
        return contract(name, venue_symbol, known, counted=False)

    def _market(self, data: dict[str, Any]) -> str:
        """The market of a payload: the gateway's own mark first, then the connection, then what the frame shows."""
        if self.market != "spot" and data.get("st") in (1, 2):
            return "usdm" if data["st"] == 1 else "coinm"
        return self.market or _market_shown(data)


def snapshot_symbol(url: Optional[str]) -> Optional[str]:
    """The symbol of a depth request's URL, or None where it is none."""
    parts = urlsplit(url or "")
    if not re.search(r"/(api/v[13]|fapi/v1|dapi/v1)/depth\Z", parts.path):
        return None
    return parse_qs(parts.query).get("symbol", [None])[0]


def _depth(url: Optional[str], count: int) -> Optional[int]:
    """The number of levels a side to which a snapshot is limited: its URL's, else the count if it is a usual one."""
    limit = parse_qs(urlsplit(url or "").query).get("limit", [""])[0]
    if limit.isdigit():
        return int(limit)
    return count if count in _COUNTS else None


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
