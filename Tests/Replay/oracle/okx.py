# Part of MarketBus. Apache License 2.0, see LICENSE.
"""OKX frames (venues/okx.md sections 2 and 3): trades from `trades` and `trades-all`, quotes from `bbo-tbt`."""

from decimal import Decimal
from typing import Any, Optional, Union

from .instruments import InstrumentBook
from .numbers import amount_of, canonical, identifier, integer, microseconds, parse_json, product, spell
from .outcomes import Ignored, Quote, Trade, Undecodable
from .symbols import Name, okx_name

Outcome = Union[list[Union[Trade, Quote]], Ignored]


class OKXDecoder:
    """One connection's frames to events."""

    def __init__(self, instruments: InstrumentBook) -> None:
        self.instruments = instruments

    def decode(self, text: str) -> Outcome:
        """What becomes of one frame."""
        if text.strip() == "pong":
            return Ignored("pong")
        frame = parse_json(text)
        if not isinstance(frame, dict):
            raise Undecodable("malformed_json", "not an object")
        if "event" in frame:
            return Ignored(f"event:{frame['event']}")
        if not isinstance(frame.get("arg"), dict) or "data" not in frame:
            return Ignored("op" if "op" in frame else "unknown")
        channel = frame["arg"].get("channel")
        if channel not in ("trades", "trades-all", "bbo-tbt"):
            return Ignored(str(channel))
        return self._push(frame, self._quote if channel == "bbo-tbt" else self._trade)

    def _push(self, frame: dict[str, Any], decode_row: Any) -> Outcome:
        if not isinstance(frame["data"], list):
            raise Undecodable("bad_field", "data")
        events: list[Union[Trade, Quote]] = []
        options = 0
        for row in frame["data"]:
            if not isinstance(row, dict):
                raise Undecodable("bad_field", "data")
            instrument = frame["arg"].get("instId") if row.get("instId") is None else row["instId"]
            if not isinstance(instrument, str) or not instrument:
                raise Undecodable("missing_field", "instId")
            name = okx_name(instrument)
            if name is None:
                options += 1
                continue
            events.append(decode_row(row, instrument, name))
        return events if events or not options else Ignored("option")

    def _trade(self, row: dict[str, Any], instrument: str, name: Name) -> Trade:
        for required in ("tradeId", "px", "sz", "side"):
            if row.get(required) in (None, ""):
                raise Undecodable("missing_field", required)
        if row["side"] not in ("buy", "sell"):
            raise Undecodable("bad_field", "side")
        multiplier = self._multiplier(instrument, name)
        return Trade(
            symbol=name.canonical,
            venue_symbol=instrument,
            exchange_us=microseconds(None if row.get("ts") == "" else row.get("ts")),
            trade_id=identifier(row["tradeId"]),
            price=canonical(row["px"]),
            size=spell(product(amount_of(row["sz"]), multiplier)),
            side=row["side"],
        )

    def _quote(self, row: dict[str, Any], instrument: str, name: Name) -> Quote:
        multiplier = self._multiplier(instrument, name)
        bid, bid_size = _best(row.get("bids"), multiplier)
        ask, ask_size = _best(row.get("asks"), multiplier)
        sequence = row.get("seqId")
        return Quote(
            symbol=name.canonical,
            venue_symbol=instrument,
            exchange_us=microseconds(None if row.get("ts") == "" else row.get("ts")),
            venue_seq=None if sequence is None else integer(sequence),
            bid=bid,
            bid_size=bid_size,
            ask=ask,
            ask_size=ask_size,
        )

    def _multiplier(self, instrument: str, name: Name) -> Decimal:
        """What turns the venue's size into ours: 1 for spot and inverse, the contract's base amount for linear."""
        known = self.instruments.find("okx", instrument)
        inverse = (not known.linear) if known else name.quote == "USD"
        if not name.contract or inverse:
            return Decimal(1)
        if known is None or known.multiplier is None:
            raise Undecodable("unknown_instrument", instrument)
        return known.multiplier


def _best(levels: Any, multiplier: Decimal) -> tuple[Optional[str], Optional[str]]:
    if not isinstance(levels, list):
        raise Undecodable("missing_field", "bids or asks")
    if not levels:
        return None, None
    level = levels[0]
    if not isinstance(level, list) or len(level) < 2:
        raise Undecodable("bad_field", "level")
    return canonical(level[0]), spell(product(amount_of(level[1]), multiplier))
