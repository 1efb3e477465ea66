# Part of MarketBus. Apache License 2.0, see LICENSE.
"""HTX frames (venues/htx.md sections 2 to 5): spot, linear and inverse swaps, delivery futures.

Frames are named by `ch` (`market.<symbol>.<channel>`), snapshots on demand by `rep`, notifications by `topic`. `vol` and
`amount` swap their meaning between spot and contracts.
"""

import re
from typing import Any, Callable, Optional, Union

from .contracts import INVERSE, LINEAR, SPOT, Contract, contract
from .instruments import InstrumentBook
from .intervals import Interval
from .levels import levels, quoted
from .numbers import canonical, identifier, integer, microseconds, optional, parse_json, required, seconds, signed
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
from .symbols import htx_name

Outcome = Union[list[Union[Event, Reference]], Ignored]

_CHANNEL = re.compile(r"market\.([^.]+)\.(.+)\Z")
_TOPIC = re.compile(r"public\.[^.]+\.(\w+)\Z")
_BOOKS = {"mbp.150": 150, "mbp.400": 400, "depth.size_150.high_freq": 150, "depth.step0": 150}
_PERIODS = {
    "1min": Interval("1m"),
    "5min": Interval("5m"),
    "15min": Interval("15m"),
    "30min": Interval("30m"),
    "60min": Interval("1h"),
    "4hour": Interval("4h"),
    "1day": Interval("1d", 8),
    "1week": Interval("1w", 8),
    "1mon": Interval("1mo", 8),
}


class HTXDecoder:
    """One connection's frames to events."""

    def __init__(self, instruments: InstrumentBook) -> None:
        self.instruments = instruments

    def opened(self) -> None:
        """A connection was seen to begin: nothing is counted by connection here."""

    def decode(self, text: str) -> Outcome:
        """What becomes of one frame."""
        frame = parse_json(text)
        if not isinstance(frame, dict):
            raise Undecodable("malformed_json", "not an object")
        if frame.get("op") == "notify":
            return self._notification(frame)
        if "rep" in frame:
            return self._reply(frame)
        if not isinstance(frame.get("ch"), str) or "action" in frame:
            return Ignored(_control_kind(frame))
        if frame.get("generated") is True:
            return Ignored("generated")
        if frame["ch"] == "market.tickers":
            with about("md.ticker.v1"):
                return [self._ticker(row, row.get("symbol"), frame) for row in _rows(frame)]
        named = _CHANNEL.match(frame["ch"])
        if named is None or "status" in frame or not isinstance(frame.get("tick"), dict):
            return Ignored("rest_body" if "status" in frame else "unknown")
        topic, decoder = self._decoder(named[2])
        if decoder is None:
            return Ignored(named[2])
        with about(topic):
            found = decoder(frame["tick"], _own_symbol(frame["tick"]) or named[1], frame)
        return found if isinstance(found, list) else [found]

    def _decoder(self, channel: str) -> tuple[str, Optional[Callable[[dict[str, Any], str, dict[str, Any]], Any]]]:
        head, _, period = channel.rpartition(".")
        if channel in _BOOKS:
            return "md.book.v1", lambda tick, symbol, frame: self._book(tick, symbol, frame, channel)
        if head == "kline" and period in _PERIODS:
            return "md.candle.v1", lambda tick, symbol, frame: self._candle(tick, symbol, frame, _PERIODS[period])
        if head in ("mark_price", "index"):
            kind = "mark" if head == "mark_price" else "index"
            return "md.funding.v1", lambda tick, symbol, frame: self._reference(tick, symbol, kind)
        return {
            "bbo": ("md.bbo.v1", self._quote),
            "trade.detail": ("md.trade.v1", self._trades),
            "ticker": ("md.ticker.v1", self._ticker),
            "detail": ("md.ticker.v1", self._ticker),
        }.get(channel, ("", None))

    def _contract(self, symbol: Any) -> Contract:
        if not isinstance(symbol, str) or not symbol:
            raise Undecodable("missing_field", "symbol")
        known = self.instruments.find("htx", symbol)
        if known is not None:
            return contract(known.name, known.venue_symbol, known, counted=True)
        return contract(htx_name(symbol), symbol, None, counted=True)

    def _head(self, symbol: Any, time: Any) -> dict[str, Any]:
        known = self._contract(symbol)
        return {"symbol": known.symbol, "venue_symbol": known.venue_symbol, "exchange_us": microseconds(time)}

    def _trades(self, tick: dict[str, Any], symbol: str, frame: dict[str, Any]) -> list[Trade]:
        """Spot sends the newest first, swaps and futures the oldest."""
        known = self._contract(symbol)
        found = [self._trade(row, known) for row in _rows(tick)]
        return found[::-1] if known.kind == SPOT else found

    def _trade(self, row: dict[str, Any], known: Contract) -> Trade:
        name = "tradeId" if row.get("tradeId") is not None else "id"
        required(row, name, "price", "direction")
        if row["direction"] not in ("buy", "sell"):
            raise Undecodable("bad_field", "direction")
        return Trade(
            known.symbol,
            known.venue_symbol,
            microseconds(row.get("ts")),
            trade_id=identifier(row[name]),
            price=canonical(row["price"]),
            size=_size(row, "amount", "quantity", known),
            side=row["direction"],
        )

    def _quote(self, tick: dict[str, Any], symbol: str, frame: dict[str, Any]) -> Quote:
        known = self._contract(symbol)
        known.sized()
        if known.kind == SPOT:
            sides = [(tick.get(name), tick.get(f"{name}Size")) for name in ("bid", "ask")]
        else:
            sides = [_pair(tick.get(name)) for name in ("bid", "ask")]
        pairs = [(None, None) if pair[0] is None else quoted(pair[0], pair[1], known.size) for pair in sides]
        time = next((tick[name] for name in ("quoteTime", "ts") if tick.get(name) is not None), frame.get("ts"))
        sequence = tick.get("seqId", tick.get("version"))
        return Quote(
            **self._head(symbol, time),
            venue_seq=None if sequence is None else integer(sequence),
            bid=pairs[0][0],
            bid_size=pairs[0][1],
            ask=pairs[1][0],
            ask_size=pairs[1][1],
        )

    def _ticker(self, row: dict[str, Any], symbol: Any, frame: dict[str, Any]) -> Ticker:
        known = self._contract(symbol)
        last = row.get("lastPrice") if row.get("lastPrice") is not None else row.get("close")
        required({"close": last}, "close")
        volume, quote = _volumes(row, known)
        return Ticker(
            **self._head(symbol, frame.get("ts")),
            last=canonical(last),
            open_24h=optional(row.get("open")),
            high_24h=optional(row.get("high")),
            low_24h=optional(row.get("low")),
            volume_24h=volume,
            quote_volume_24h=quote,
            venue_seq=None if row.get("version") is None else integer(row["version"]),
        )

    def _candle(self, tick: dict[str, Any], symbol: str, frame: dict[str, Any], interval: Interval) -> Candle:
        known = self._contract(symbol)
        required(tick, "id", "open", "high", "low", "close", "vol" if known.kind == INVERSE else "amount")
        volume, quote = _volumes(tick, known)
        assert volume is not None
        return Candle(
            **self._head(symbol, frame.get("ts")),
            interval=interval,
            open_us=seconds(tick["id"]),
            open=canonical(tick["open"]),
            high=canonical(tick["high"]),
            low=canonical(tick["low"]),
            close=canonical(tick["close"]),
            volume=volume,
            quote_volume=quote,
            trades=None if tick.get("count") is None else integer(tick["count"]),
            closed=None,
        )

    def _reference(self, tick: dict[str, Any], symbol: str, kind: str) -> Reference:
        required(tick, "close")
        known = self._contract(symbol)
        name = known.venue_symbol if kind == "mark" else f"{known.name.base}-{known.name.quote}"
        return Reference(kind, name, canonical(tick["close"]))

    def _book(self, tick: dict[str, Any], symbol: str, frame: dict[str, Any], channel: str) -> BookFrame:
        """`mbp` counts by `seqNum`, `size_150` by `version`, `step0` by `version` on spot and `mrid` elsewhere."""
        known = self._contract(symbol)
        counter = "seqNum" if channel.startswith("mbp") else "version"
        if channel == "depth.step0":
            counter = "version" if known.kind == SPOT else "mrid"
            kind = "update" if frame.get("update") is True else "whole"
        else:
            kind = "snapshot" if tick.get("event") == "snapshot" else "update"
        with about("md.book.v1", (known.symbol, channel)):
            required(tick, counter)
            return BookFrame(
                **self._head(symbol, frame.get("ts") if tick.get("ts") is None else tick["ts"]),
                channel=channel,
                kind=kind,
                bids=levels(tick.get("bids"), known, absent=True),
                asks=levels(tick.get("asks"), known, absent=True),
                last=integer(tick[counter]),
                previous=None if tick.get("prevSeqNum") is None else integer(tick["prevSeqNum"]),
                depth=_BOOKS[channel],
            )

    def _reply(self, frame: dict[str, Any]) -> Outcome:
        """The answer to a `req`: only that of a counted book gives anything."""
        named = _CHANNEL.match(str(frame["rep"]))
        if named is None or named[2] not in ("mbp.150", "mbp.400"):
            return Ignored("rep")
        if frame.get("status") != "ok" or not isinstance(frame.get("data"), dict):
            return Ignored("rep_without_data")
        return [self._book({**frame["data"], "event": "snapshot"}, named[1], frame, named[2])]

    def _notification(self, frame: dict[str, Any]) -> Outcome:
        topic = _TOPIC.match(str(frame.get("topic")))
        kind = topic[1] if topic else "notify"
        topic, decoder = {
            "funding_rate": ("md.funding.v1", self._funding),
            "liquidation_orders": ("md.liquidation.v1", self._liquidation),
        }.get(kind, ("", None))
        if decoder is None:
            return Ignored(kind)
        with about(topic):
            return [decoder(row, frame) for row in _rows(frame)]

    def _funding(self, row: dict[str, Any], frame: dict[str, Any]) -> Funding:
        known = self._contract(row.get("contract_code"))
        due = row.get("settlement_time")
        charged = row.get("funding_rate") not in (None, "") and due not in (None, "", "0", 0)
        return Funding(
            **self._head(row.get("contract_code"), frame.get("ts")),
            rate=signed(row["funding_rate"]) if charged else None,
            next_funding_us=microseconds(due) if charged else None,
            interval_us=None,
            index_name=f"{known.name.base}-{known.name.quote}",
        )

    def _liquidation(self, row: dict[str, Any], frame: dict[str, Any]) -> Liquidation:
        known = self._contract(row.get("contract_code"))
        required(row, "price", "direction")
        if row["direction"] not in ("buy", "sell"):
            raise Undecodable("bad_field", "direction")
        time = row["created_at"] if row.get("created_at") is not None else frame.get("ts")
        head = self._head(row["contract_code"], time)
        size = _size(row, "volume", "amount", known)
        return Liquidation(**head, price=canonical(row["price"]), size=size, side=row["direction"])


def _size(row: dict[str, Any], counted: str, base: str, known: Contract) -> str:
    """A size: the base amount where a linear contract's frame gives it, else the count by the contract's rule."""
    if known.kind == LINEAR and row.get(base) is not None:
        return canonical(row[base])
    required(row, counted)
    return known.size(row[counted])


def _volumes(row: dict[str, Any], known: Contract) -> tuple[Optional[str], Optional[str]]:
    """Volume and quote volume of a candle or a ticker."""
    if known.kind == SPOT:
        return optional(row.get("amount")), optional(row.get("vol"))
    if known.kind == LINEAR:
        return optional(row.get("amount")), optional(row.get("trade_turnover"))
    worth = known.worth(row["vol"]) if row.get("vol") is not None else None
    return optional(row.get("vol")), worth


def _own_symbol(tick: dict[str, Any]) -> Optional[str]:
    """The symbol that the data itself names, which wins over the channel's (EVENTS 5)."""
    if isinstance(tick.get("symbol"), str):
        return tick["symbol"]
    named = _CHANNEL.match(tick["ch"]) if isinstance(tick.get("ch"), str) else None
    return named[1] if named else None


def _rows(holder: dict[str, Any]) -> list[dict[str, Any]]:
    rows = holder.get("data")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Undecodable("missing_field", "data")
    return rows


def _pair(side: Any) -> tuple[Any, Any]:
    """`[price, contracts]`; missing or null where nobody bids or asks."""
    if side is None or side == []:
        return None, None
    if not isinstance(side, list) or len(side) < 2:
        raise Undecodable("bad_field", "level")
    return side[0], side[1]


def _control_kind(frame: dict[str, Any]) -> str:
    if "ping" in frame or frame.get("op") == "ping" or frame.get("action") == "ping":
        return "ping"
    if frame.get("status") == "error" or frame.get("op") == "error":
        return "error"
    return next((name for name in ("subbed", "unsubbed", "op", "action", "status") if name in frame), "unknown")
