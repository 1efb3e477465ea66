# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The lines of a capture to the records that a feed publishes for them, in order."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterable, Optional, Union

from .binance import BinanceDecoder, market_of_connection
from .instruments import InstrumentBook, instrument_record, is_instrument_answer
from .numbers import parse_json
from .okx import OKXDecoder
from .outcomes import DeadLetter, Ignored, Quote, Record, Trade, Undecodable


@dataclass
class Replay:
    """Everything that a capture must give."""

    records: list[Record] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    ignored: Counter = field(default_factory=Counter)
    repeated_trades: int = 0

    def of(self, topic: str) -> list[Record]:
        """The records of one topic, in order."""
        return [record for record in self.records if record.topic == topic]


class _Connection:
    """One incarnation of a connection: its epoch, its decoder, its sequences and the trades it has published."""

    def __init__(self, epoch: int, decoder: Union[BinanceDecoder, OKXDecoder]) -> None:
        self.epoch = epoch
        self.decoder = decoder
        self.sequences: Counter = Counter()
        self.trades: set[tuple[str, str]] = set()


class _Replayer:
    def __init__(self, venue: str, market: Optional[str], instruments: InstrumentBook) -> None:
        self.venue = venue
        self.market = market
        self.instruments = instruments
        self.result = Replay()
        self.connections: dict[str, _Connection] = {}

    def line(self, number: int, text: str) -> None:
        session = _session_line(text)
        if session is None:
            self.frame(number, text, self.connection("", 0, None), "", 0)
            return
        conn, received = session["conn"], session["recv_ns"] // 1000
        if session["dir"] == "open":
            self.connections[conn] = self.incarnation(conn, received, session.get("url"))
            return
        connection = self.connection(conn, received, None)
        if session["dir"] == "in":
            self.frame(number, session["msg"], connection, conn, received)
        elif session["dir"] == "http":
            self.answer(number, session)

    def connection(self, conn: str, epoch: int, url: Optional[str]) -> _Connection:
        if conn not in self.connections:
            self.connections[conn] = self.incarnation(conn, epoch, url)
        return self.connections[conn]

    def incarnation(self, conn: str, epoch: int, url: Optional[str]) -> _Connection:
        if self.venue == "okx":
            return _Connection(epoch, OKXDecoder(self.instruments))
        market = market_of_connection(url, conn) or self.market
        return _Connection(epoch, BinanceDecoder(self.instruments, market, url))

    def answer(self, number: int, session: dict[str, Any]) -> None:
        url = session.get("url") or ""
        if not is_instrument_answer(self.venue, url):
            self.result.ignored["http"] += 1
            return
        for instrument in self.instruments.load_body(session["msg"], url, self.market):
            record = instrument_record(self.venue, instrument)
            self.result.records.append(Record(record.topic, record.key, record.value, number))

    def frame(self, number: int, text: str, connection: _Connection, conn: str, received: int) -> None:
        try:
            outcome = connection.decoder.decode(text)
        except Undecodable as problem:
            self.result.dead_letters.append(DeadLetter(number, text, problem.reason, conn, received))
            return
        if isinstance(outcome, Ignored):
            self.result.ignored[outcome.kind] += 1
            return
        for event in outcome:
            self.publish(number, event, connection, received)

    def publish(self, number: int, event: Union[Trade, Quote], connection: _Connection, received: int) -> None:
        topic = "md.trade.v1" if isinstance(event, Trade) else "md.bbo.v1"
        if isinstance(event, Trade):
            identity = (event.symbol, event.trade_id)
            if identity in connection.trades:
                self.result.repeated_trades += 1
                return
            connection.trades.add(identity)
        connection.sequences[(topic, event.symbol)] += 1
        value = {
            "schema": topic[3:],
            "venue": self.venue,
            "symbol": event.symbol,
            "venue_symbol": event.venue_symbol,
            "exchange_us": event.exchange_us,
            "received_us": received,
            "published_us": received,
            "feed": f"{self.venue}-feed",
            "epoch": connection.epoch,
            "seq": connection.sequences[(topic, event.symbol)],
            **_own_fields(event),
        }
        self.result.records.append(Record(topic, event.symbol, value, number))


def _own_fields(event: Union[Trade, Quote]) -> dict[str, Any]:
    if isinstance(event, Trade):
        return {
            "venue_seq": None,
            "venue_prev_seq": None,
            "trade_id": event.trade_id,
            "price": event.price,
            "size": event.size,
            "side": event.side,
        }
    return {
        "venue_seq": event.venue_seq,
        "venue_prev_seq": None,
        "state": "live",
        "reason": None,
        "bid": event.bid,
        "bid_size": event.bid_size,
        "ask": event.ask,
        "ask_size": event.ask_size,
    }


def _session_line(text: str) -> Optional[dict[str, Any]]:
    """The line as a session event, or None where it is a plain frame."""
    try:
        parsed = parse_json(text)
    except Undecodable:
        return None
    if isinstance(parsed, dict) and {"recv_ns", "conn", "dir"} <= parsed.keys():
        return parsed
    return None


def replay(
    venue: str,
    lines: Iterable[str],
    market: Optional[str] = None,
    instruments: Iterable[Path] = (),
) -> Replay:
    """Everything that the lines of a capture must give, with the instruments of some REST files known."""
    book = InstrumentBook(venue)
    for path in instruments:
        book.load_file(path, market)
    return replay_with(venue, lines, book, market)


def replay_with(venue: str, lines: Iterable[str], book: InstrumentBook, market: Optional[str] = None) -> Replay:
    """The same with instruments that are known already."""
    replayer = _Replayer(venue, market, book)
    for number, line in enumerate(lines, start=1):
        text = line.rstrip("\r\n")
        if text.strip():
            replayer.line(number, text)
    return replayer.result
