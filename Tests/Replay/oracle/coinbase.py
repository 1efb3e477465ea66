# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Coinbase frames (venues/coinbase.md sections 3 and 4): Exchange, and Advanced Trade where a frame has a `channel`."""

from typing import Any, Optional, Union

from .contracts import Contract, contract
from .instruments import InstrumentBook
from .intervals import Interval
from .levels import level, levels
from .numbers import canonical, identifier, instant, integer, optional, parse_json, required, seconds
from .outcomes import BookFrame, Candle, Event, Ignored, Level, Ticker, Trade, Undecodable, about
from .symbols import coinbase_name

Outcome = Union[list[Event], Ignored]

CHANNEL = "level2"
FRAMES_MISSING = "frames_missing"
_TAKER = {"buy": "sell", "sell": "buy"}
_SIDES = {"bid": "bids", "buy": "bids", "offer": "asks", "sell": "asks"}


class CoinbaseDecoder:
    """One connection's frames to events."""

    def __init__(self, instruments: InstrumentBook) -> None:
        self.instruments = instruments
        self._due: Optional[int] = None

    def opened(self) -> None:
        """A connection was seen to begin: the frames of Advanced Trade count from 0 on."""
        self._due = 0

    def decode(self, text: str) -> Outcome:
        """What becomes of one frame."""
        frame = parse_json(text)
        if not isinstance(frame, dict):
            raise Undecodable("malformed_json", "not an object")
        if "channel" in frame:
            return self._advanced(frame)
        kind = frame.get("type")
        topic, decoder = {
            "match": ("md.trade.v1", self._trade),
            "last_match": ("md.trade.v1", self._trade),
            "ticker": ("md.ticker.v1", self._ticker),
            "snapshot": ("md.book.v1", lambda row: self._book(row, self._exchange_book)),
            "l2update": ("md.book.v1", lambda row: self._book(row, self._exchange_book)),
        }.get(str(kind), ("", None))
        if decoder is None:
            return Ignored(str(kind) if kind is not None else "unknown")
        with about(topic):
            return [decoder(frame)]

    def _contract(self, product: Any) -> Contract:
        if not isinstance(product, str) or not product:
            raise Undecodable("missing_field", "product_id")
        known = self.instruments.find("coinbase", product)
        return contract(known.name if known else coinbase_name(product), product, known, counted=False)

    def _head(self, row: dict[str, Any], time: Optional[int]) -> dict[str, Any]:
        known = self._contract(row.get("product_id"))
        return {"symbol": known.symbol, "venue_symbol": known.venue_symbol, "exchange_us": time}

    def _trade(self, row: dict[str, Any]) -> Trade:
        """The side is the maker's: the taker's is the other one."""
        required(row, "trade_id", "price", "size", "side")
        side = str(row["side"]).lower()
        if side not in _TAKER:
            raise Undecodable("bad_field", "side")
        return Trade(
            **self._head(row, instant(row.get("time"))),
            trade_id=identifier(row["trade_id"]),
            price=canonical(row["price"]),
            size=canonical(row["size"]),
            side=_TAKER[side],
        )

    def _ticker(self, row: dict[str, Any]) -> Ticker:
        required(row, "price")
        sequence = row.get("sequence")
        return Ticker(
            **self._head(row, instant(row.get("time"))),
            last=canonical(row["price"]),
            open_24h=optional(row.get("open_24h")),
            high_24h=optional(row.get("high_24h")),
            low_24h=optional(row.get("low_24h")),
            volume_24h=optional(row.get("volume_24h")),
            quote_volume_24h=None,
            venue_seq=None if sequence is None else integer(sequence),
        )

    def _book(self, row: dict[str, Any], decode: Any) -> BookFrame:
        known = self._contract(row.get("product_id"))
        with about("md.book.v1", (known.symbol, CHANNEL)):
            return decode(row, known)

    def _exchange_book(self, frame: dict[str, Any], known: Contract) -> BookFrame:
        head = self._head(frame, instant(frame.get("time")))
        if frame["type"] == "snapshot":
            bids, asks = levels(frame.get("bids"), known), levels(frame.get("asks"), known)
            return BookFrame(**head, channel=CHANNEL, kind="snapshot", bids=bids, asks=asks)
        changes = frame.get("changes")
        if not isinstance(changes, list) or not all(isinstance(row, list) and len(row) >= 3 for row in changes):
            raise Undecodable("missing_field", "changes")
        return BookFrame(**head, channel=CHANNEL, kind="update", **_sides([(row[0], row[1], row[2]) for row in changes], known))

    def _advanced(self, frame: dict[str, Any]) -> Outcome:
        if self._is_hole(frame.get("sequence_num")):
            return Ignored(FRAMES_MISSING)
        channel, groups = frame["channel"], frame.get("events")
        topic, decoder = {
            "market_trades": ("md.trade.v1", self._trades),
            "ticker": ("md.ticker.v1", self._tickers),
            "ticker_batch": ("md.ticker.v1", self._tickers),
            "candles": ("md.candle.v1", self._candles),
            "l2_data": ("md.book.v1", self._updates),
        }.get(str(channel), ("", None))
        if decoder is None:
            return Ignored(str(channel))
        with about(topic):
            if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
                raise Undecodable("missing_field", "events")
            sent = instant(frame.get("timestamp"))
            return [event for group in groups for event in decoder(group, sent)]

    def _is_hole(self, number: Any) -> bool:
        """Whether frames of the connection are missing before this one; the feed then connects anew."""
        if self._due is None or number is None:
            return False
        due, self._due = self._due, integer(number) + 1
        return self._due > due + 1

    def _trades(self, group: dict[str, Any], sent: Optional[int]) -> list[Event]:
        """Newest first on the wire, oldest first for us."""
        return [self._trade(row) for row in reversed(_rows(group, "trades"))]

    def _tickers(self, group: dict[str, Any], sent: Optional[int]) -> list[Event]:
        found = []
        for row in _rows(group, "tickers"):
            required(row, "price")
            found.append(
                Ticker(
                    **self._head(row, sent),
                    last=canonical(row["price"]),
                    open_24h=None,
                    high_24h=optional(row.get("high_24_h")),
                    low_24h=optional(row.get("low_24_h")),
                    volume_24h=optional(row.get("volume_24_h")),
                    quote_volume_24h=None,
                )
            )
        return found

    def _candles(self, group: dict[str, Any], sent: Optional[int]) -> list[Event]:
        """Buckets of five minutes, published oldest first; a later `start` closes the one before."""
        found = [self._candle(row, sent) for row in _rows(group, "candles")]
        return sorted(found, key=lambda candle: candle.open_us)

    def _candle(self, row: dict[str, Any], sent: Optional[int]) -> Candle:
        required(row, "start", "open", "high", "low", "close", "volume")
        return Candle(
            **self._head(row, sent),
            interval=Interval("5m"),
            open_us=seconds(row["start"]),
            open=canonical(row["open"]),
            high=canonical(row["high"]),
            low=canonical(row["low"]),
            close=canonical(row["close"]),
            volume=canonical(row["volume"]),
            quote_volume=None,
            trades=None,
            closed=None,
        )

    def _updates(self, group: dict[str, Any], sent: Optional[int]) -> list[Event]:
        return [self._book(group, lambda row, known: self._advanced_book(row, known, sent))]

    def _advanced_book(self, group: dict[str, Any], known: Contract, sent: Optional[int]) -> BookFrame:
        if group.get("type") not in ("snapshot", "update"):
            raise Undecodable("bad_field", "type")
        rows = _rows(group, "updates")
        times = [time for time in (instant(row.get("event_time")) for row in rows) if time is not None]
        changes = [(row.get("side"), row.get("price_level"), row.get("new_quantity")) for row in rows]
        head = self._head(group, max(times, default=sent))
        return BookFrame(**head, channel=CHANNEL, kind=group["type"], **_sides(changes, known))


def _sides(changes: list[tuple[Any, Any, Any]], known: Contract) -> dict[str, list[Level]]:
    found: dict[str, list[Level]] = {"bids": [], "asks": []}
    for side, price, size in changes:
        if side not in _SIDES:
            raise Undecodable("bad_field", "side")
        found[_SIDES[side]].append(level(price, size, known))
    return found


def _rows(group: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = group.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Undecodable("missing_field", name)
    return rows
