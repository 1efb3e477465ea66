# Part of MarketBus. Apache License 2.0, see LICENSE.
"""OKX frames (venues/okx.md sections 2 to 4): all channels of spot, swap and futures; options give nothing."""

import re
from typing import Any, Optional, Union

from .contracts import INVERSE, SPOT, Contract, contract
from .instruments import InstrumentBook
from .intervals import Interval
from .levels import best, levels
from .numbers import canonical, identifier, integer, microseconds, optional, parse_json, required, signed
from .outcomes import (
    BookFrame,
    Candle,
    Event,
    Funding,
    Ignored,
    Liquidation,
    OpenInterest,
    Quote,
    Reference,
    Ticker,
    Trade,
    Undecodable,
    about,
)
from .symbols import okx_name

Outcome = Union[list[Union[Event, Reference]], Ignored]

BOOK_CHANNELS = ("books", "books-l2-tbt")
BOOK_DEPTH = 400
_CANDLE = re.compile(r"candle(\d+)([smHDWM])(utc)?\Z")
_UNITS = {"s": "s", "m": "m", "H": "h", "D": "d", "W": "w", "M": "mo"}
_SPANS = set("1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 12h 1d 3d 1w 1mo".split())


class OKXDecoder:
    """One connection's frames to events."""

    def __init__(self, instruments: InstrumentBook) -> None:
        self.instruments = instruments
        self._rows = {
            "trades": ("md.trade.v1", self._trade),
            "trades-all": ("md.trade.v1", self._trade),
            "bbo-tbt": ("md.bbo.v1", self._quote),
            "tickers": ("md.ticker.v1", self._ticker),
            "funding-rate": ("md.funding.v1", self._funding),
            "mark-price": ("md.funding.v1", self._mark),
            "index-tickers": ("md.funding.v1", self._index),
            "open-interest": ("md.open_interest.v1", self._open_interest),
            "liquidation-orders": ("md.liquidation.v1", self._liquidations),
        }

    def opened(self) -> None:
        """A connection was seen to begin: nothing is counted by connection here."""

    def decode(self, text: str) -> Outcome:
        """What becomes of one frame."""
        if text.strip() == "pong":
            return Ignored("pong")
        frame = parse_json(text)
        if not isinstance(frame, dict):
            raise Undecodable("malformed_json", "not an object")
        if "event" in frame:
            return Ignored(f"event:{frame['event']}")
        argument = frame.get("arg")
        if not isinstance(argument, dict) or "data" not in frame:
            return Ignored("op" if "op" in frame else "unknown")
        channel = argument.get("channel")
        topic, decoder = self._decoder(str(channel), frame)
        if decoder is None or argument.get("generated") is True:
            return Ignored(str(channel))
        with about(topic):
            return self._push(frame, decoder)

    def _decoder(self, channel: str, frame: dict[str, Any]) -> tuple[str, Any]:
        if channel in BOOK_CHANNELS:
            return "md.book.v1", lambda row, known: self._book(row, known, frame)
        interval = interval_of(channel)
        if interval is not None:
            return "md.candle.v1", lambda row, known: self._candle(row, known, interval)
        return self._rows.get(channel, ("", None))

    def _push(self, frame: dict[str, Any], decode_row: Any) -> Outcome:
        if not isinstance(frame["data"], list):
            raise Undecodable("bad_field", "data")
        events: list[Any] = []
        options = 0
        for row in frame["data"]:
            instrument = frame["arg"].get("instId")
            if isinstance(row, dict) and row.get("instId") is not None:
                instrument = row["instId"]
            if not isinstance(instrument, str) or not instrument:
                raise Undecodable("missing_field", "instId")
            known = self._contract(instrument)
            if known is None:
                options += 1
                continue
            found = decode_row(row, known)
            events += found if isinstance(found, list) else [found]
        return events if events or not options else Ignored("option")

    def _contract(self, instrument: str) -> Optional[Contract]:
        """The contract of an instrument; None for an option."""
        name = okx_name(instrument)
        if name is None:
            return None
        return contract(name, instrument, self.instruments.find("okx", instrument), counted=True)

    def _trade(self, row: Any, known: Contract) -> Trade:
        required(_object(row), "tradeId", "px", "sz", "side")
        if row["side"] not in ("buy", "sell"):
            raise Undecodable("bad_field", "side")
        return Trade(
            **_head(row, known),
            trade_id=identifier(row["tradeId"]),
            price=canonical(row["px"]),
            size=known.size(row["sz"]),
            side=row["side"],
        )

    def _quote(self, row: Any, known: Contract) -> Quote:
        bid, bid_size = best(_object(row).get("bids"), known)
        ask, ask_size = best(row.get("asks"), known)
        sequence = row.get("seqId")
        return Quote(
            **_head(row, known),
            venue_seq=None if sequence is None else integer(sequence),
            bid=bid,
            bid_size=bid_size,
            ask=ask,
            ask_size=ask_size,
        )

    def _ticker(self, row: Any, known: Contract) -> Ticker:
        if _object(row).get("last") is None:
            raise Undecodable("missing_field", "last")
        counted, coins = row.get("vol24h"), row.get("volCcy24h")
        worth = known.worth(counted) if known.kind == INVERSE and counted else None
        return Ticker(
            **_head(row, known),
            last=optional(row["last"]),
            open_24h=optional(row.get("open24h")),
            high_24h=optional(row.get("high24h")),
            low_24h=optional(row.get("low24h")),
            volume_24h=optional(counted if known.kind in (SPOT, INVERSE) else coins),
            quote_volume_24h=optional(coins) if known.kind == SPOT else worth,
        )

    def _candle(self, row: Any, known: Contract, interval: Interval) -> Candle:
        """A row of nine fields, or of the seven of 2021-22: no quote volume of contracts, no flag."""
        if not isinstance(row, list) or len(row) < 7 or row[0] == "":
            raise Undecodable("bad_field", "candle")
        counted, coins = row[5], row[6]
        quote = row[7] if len(row) > 7 else coins if known.kind == SPOT else ""
        if known.kind == INVERSE and quote == "":
            quote = known.worth(counted)
        opened = microseconds(row[0])
        if opened is None or (len(row) > 8 and row[8] not in ("0", "1")):
            raise Undecodable("bad_field", "candle")
        return Candle(
            symbol=known.symbol,
            venue_symbol=known.venue_symbol,
            exchange_us=None,
            interval=interval,
            open_us=opened,
            open=canonical(row[1]),
            high=canonical(row[2]),
            low=canonical(row[3]),
            close=canonical(row[4]),
            volume=canonical(counted if known.kind in (SPOT, INVERSE) else coins),
            quote_volume=optional(quote),
            trades=None,
            closed=row[8] == "1" if len(row) > 8 else None,
        )

    def _funding(self, row: Any, known: Contract) -> Funding:
        """`fundingRate` is charged at `fundingTime`; the time after that gives the interval."""
        rate, due, after = (_object(row).get(name) for name in ("fundingRate", "fundingTime", "nextFundingTime"))
        charged = rate not in (None, "") and due not in (None, "", "0")
        following = microseconds(after) if charged and after not in (None, "", "0") else None
        at = microseconds(due) if charged else None
        return Funding(
            **_head(row, known),
            rate=signed(rate) if charged else None,
            next_funding_us=at,
            interval_us=following - at if following is not None and at is not None and following > at else None,
            index_name=f"{known.name.base}-{known.name.quote}",
        )

    def _mark(self, row: Any, known: Contract) -> Reference:
        required(_object(row), "markPx")
        return Reference("mark", known.venue_symbol, canonical(row["markPx"]))

    def _index(self, row: Any, known: Contract) -> Reference:
        required(_object(row), "idxPx")
        return Reference("index", known.venue_symbol, canonical(row["idxPx"]))

    def _open_interest(self, row: Any, known: Contract) -> OpenInterest:
        required(_object(row), "oi")
        return OpenInterest(
            **_head(row, known),
            contracts=canonical(row["oi"]),
            base=optional(row.get("oiCcy")),
            quote=optional(row.get("oiUsd")) if known.kind == INVERSE else None,
        )

    def _liquidations(self, row: Any, known: Contract) -> list[Liquidation]:
        details = _object(row).get("details")
        if not isinstance(details, list):
            raise Undecodable("missing_field", "details")
        return [self._liquidation(_object(detail), known) for detail in details]

    def _liquidation(self, detail: dict[str, Any], known: Contract) -> Liquidation:
        required(detail, "bkPx", "sz", "side")
        if detail["side"] not in ("buy", "sell"):
            raise Undecodable("bad_field", "side")
        price, size = canonical(detail["bkPx"]), known.size(detail["sz"])
        return Liquidation(**_head(detail, known), price=price, size=size, side=detail["side"])

    def _book(self, row: Any, known: Contract, frame: dict[str, Any]) -> BookFrame:
        channel = str(frame["arg"]["channel"])
        with about("md.book.v1", (known.symbol, channel)):
            return book_frame(_object(row), known, frame.get("action"), channel)


def book_frame(row: dict[str, Any], known: Contract, action: Any, channel: str) -> BookFrame:
    """One frame of `books`: -1 is no sequence, and a frame without `seqId` is ordered by its checksum alone."""
    if action not in ("snapshot", "update"):
        raise Undecodable("missing_field", "action")
    previous, last = (None if row.get(name) is None else integer(row[name]) for name in ("prevSeqId", "seqId"))
    return BookFrame(
        **_head(row, known),
        channel=channel,
        kind=action,
        bids=levels(row.get("bids"), known),
        asks=levels(row.get("asks"), known),
        last=last,
        previous=None if previous == -1 or action == "snapshot" else previous,
        checksum=None if row.get("checksum") is None else integer(row["checksum"]),
        depth=BOOK_DEPTH,
    )


def interval_of(channel: str) -> Optional[Interval]:
    """The interval of a candle channel; plain names of six hours and longer have Hong Kong's borders."""
    found = _CANDLE.match(channel)
    span = found[1] + _UNITS[found[2]] if found else ""
    if span not in _SPANS:
        return None
    return Interval(span, 0 if found[3] or found[2] in "sm" or span in ("1h", "2h", "4h") else 8)


def _object(row: Any) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise Undecodable("bad_field", "data")
    return row


def _head(row: dict[str, Any], known: Contract) -> dict[str, Any]:
    time = microseconds(None if row.get("ts") == "" else row.get("ts"))
    return {"symbol": known.symbol, "venue_symbol": known.venue_symbol, "exchange_us": time}
