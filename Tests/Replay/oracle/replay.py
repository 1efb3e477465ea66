# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The lines of a capture to the records that a feed publishes for them, in order."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterable, Optional

from .binance import BinanceDecoder, market_of_connection, snapshot_symbol
from .books import BookMachine, BookUpdate
from .candles import CandleSeries
from .coinbase import FRAMES_MISSING, CoinbaseDecoder
from .htx import HTXDecoder
from .instruments import InstrumentBook, instrument_record
from .listings import is_instrument_answer
from .numbers import parse_json
from .okx import OKXDecoder
from .outcomes import BookFrame, Candle, DeadLetter, Event, Funding, Ignored, Record, Reference, Trade, Undecodable
from .publish import BOOK_TOPIC, TOPICS, book_fields, candle_fields, funding_fields, invalid_quote, own_fields, spelled
from .rules import rule_of

VENUES = ("binance", "okx", "htx", "coinbase")


@dataclass
class Replay:
    """Everything that a capture must give. `books` are the books that are live at its end, whole; `decoded` says what each
    line of plain frames was understood as, published or not."""

    records: list[Record] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    ignored: Counter = field(default_factory=Counter)
    repeated_trades: int = 0
    books: dict[str, BookMachine] = field(default_factory=dict)
    decoded: dict[int, list[Any]] = field(default_factory=dict)

    def of(self, topic: str) -> list[Record]:
        """The records of one topic, in order."""
        return [record for record in self.records if record.topic == topic]


class _Connection:
    """One incarnation of a connection: its epoch, its decoder, and what it remembers."""

    def __init__(self, epoch: int, decoder: Any, market: Optional[str] = None) -> None:
        self.epoch = epoch
        self.decoder = decoder
        self.market = market
        self.sequences: Counter = Counter()
        self.trades: set[tuple[str, str]] = set()
        self.books: dict[tuple[str, str], BookMachine] = {}
        self.names: dict[tuple[str, str], str] = {}
        self.tops: dict[str, Any] = {}


class _Replayer:
    def __init__(self, venue: str, market: Optional[str], instruments: InstrumentBook) -> None:
        self.venue = venue
        self.market = market
        self.instruments = instruments
        self.result = Replay()
        self.connections: dict[str, _Connection] = {}
        self.candles: dict[tuple[str, str], CandleSeries] = {}
        self.references: dict[tuple[str, str], str] = {}
        self.book_epochs: Counter = Counter()
        self.line_number = 0

    def line(self, number: int, text: str) -> None:
        self.line_number = number
        session = _session_line(text)
        if session is None:
            self.frame(text, self.connection("", 0, None), "", 0)
            return
        conn, received = session["conn"], session["recv_ns"] // 1000
        if session["dir"] == "open":
            self.connections[conn] = self.incarnation(conn, received, session.get("url"))
            self.connections[conn].decoder.opened()
            return
        connection = self.connection(conn, received, None)
        if session["dir"] == "in":
            self.frame(session["msg"], connection, conn, received)
        elif session["dir"] == "http":
            self.answer(session, connection, received)

    def connection(self, conn: str, epoch: int, url: Optional[str]) -> _Connection:
        if conn not in self.connections:
            self.connections[conn] = self.incarnation(conn, epoch, url)
        return self.connections[conn]

    def incarnation(self, conn: str, epoch: int, url: Optional[str]) -> _Connection:
        if self.venue == "binance":
            market = market_of_connection(url, conn) or self.market
            return _Connection(epoch, BinanceDecoder(self.instruments, market, url), market)
        decoder = {"okx": OKXDecoder, "htx": HTXDecoder, "coinbase": CoinbaseDecoder}[self.venue]
        return _Connection(epoch, decoder(self.instruments))

    def answer(self, session: dict[str, Any], connection: _Connection, received: int) -> None:
        """A REST answer: instruments, or the depth snapshot of a book (EVENTS 6)."""
        url = session.get("url") or ""
        if is_instrument_answer(self.venue, url):
            for instrument in self.instruments.load_body(session["msg"], url, self.market):
                record = instrument_record(self.venue, instrument)
                self.result.records.append(Record(record.topic, record.key, record.value, self.line_number))
            return
        symbol = self.depth_symbol(url, connection) if self.venue == "binance" else None
        if symbol is None:
            self.result.ignored["http"] += 1
            return
        self.take(
            lambda: [connection.decoder.snapshot(session["msg"], url, symbol)],
            session["msg"],
            connection,
            session["conn"],
            received,
        )

    def depth_symbol(self, url: str, connection: _Connection) -> Optional[str]:
        if url:
            return snapshot_symbol(url)
        waiting = [name for place, name in connection.names.items() if connection.books[place].wants_snapshot]
        return waiting[0] if len(waiting) == 1 else None

    def frame(self, text: str, connection: _Connection, conn: str, received: int) -> None:
        self.take(lambda: connection.decoder.decode(text), text, connection, conn, received)

    def take(self, decode: Any, text: str, connection: _Connection, conn: str, received: int) -> None:
        """Decodes a frame and publishes what it gives; a frame that can't be decoded gives nothing but its letter."""
        try:
            outcome = decode()
        except Undecodable as problem:
            letter = DeadLetter(self.line_number, text, problem.reason, conn, received, problem.topic)
            self.result.dead_letters.append(letter)
            if problem.book in connection.books:
                updates = connection.books[problem.book].broken("undecodable", received)
                self.book(problem.book[0], connection.names[problem.book], updates, connection)
            return
        if isinstance(outcome, Ignored):
            self.result.ignored[outcome.kind] += 1
            if outcome.kind == FRAMES_MISSING:
                self.lost(connection, received)
            return
        if not conn:
            self.result.decoded[self.line_number] = outcome
        for event in outcome:
            self.event(event, connection, received)

    def lost(self, connection: _Connection, received: int) -> None:
        """Frames of a connection are missing: none of its books can be trusted."""
        for place, machine in connection.books.items():
            self.book(place[0], connection.names[place], machine.broken("gap", received), connection)

    def event(self, event: Any, connection: _Connection, received: int) -> None:
        if isinstance(event, Reference):
            self.references[(event.kind, event.name)] = event.price
        elif isinstance(event, BookFrame):
            self.book_frame(event, connection, received)
        elif isinstance(event, Candle):
            series = self.candles.setdefault((event.symbol, event.interval.name), CandleSeries())
            for update in series.frame(event):
                self.publish(TOPICS[Candle], update.candle, candle_fields(update), connection, received)
        elif isinstance(event, Funding):
            mark = self.references.get(("mark", event.venue_symbol))
            index = self.references.get(("index", event.index_name))
            self.publish(TOPICS[Funding], event, funding_fields(event, mark, index), connection, received)
        elif isinstance(event, Trade) and (event.symbol, event.trade_id) in connection.trades:
            self.result.repeated_trades += 1
        else:
            if isinstance(event, Trade):
                connection.trades.add((event.symbol, event.trade_id))
            self.publish(TOPICS[type(event)], event, own_fields(event), connection, received)

    def book_frame(self, frame: BookFrame, connection: _Connection, received: int) -> None:
        place = (frame.symbol, frame.channel)
        machine = connection.books.get(place)
        if machine is None:
            market = connection.market or ("spot" if frame.symbol.count("-") == 1 else "usdm")
            machine = BookMachine(rule_of(self.venue, market, frame), self.book_epochs[frame.symbol])
            connection.books[place], connection.names[place] = machine, frame.venue_symbol
        self.book(frame.symbol, frame.venue_symbol, machine.frame(frame, received), connection)
        if machine.live:
            self.result.books[frame.symbol] = machine
        self.book_epochs[frame.symbol] = max(self.book_epochs[frame.symbol], machine.book_epoch)

    def book(self, symbol: str, name: str, updates: list[BookUpdate], connection: _Connection) -> None:
        for update in updates:
            head = Event(symbol, name, update.exchange_us)
            top = tuple(spelled(side) for side in update.top)
            self.publish(BOOK_TOPIC, head, book_fields(update), connection, update.received_us, top)
            if update.kind == "invalid":
                self.result.books.pop(symbol, None)
        if updates and self.venue == "coinbase":
            time = None if updates[-1].kind == "invalid" else updates[-1].exchange_us
            self.top(Event(symbol, name, time), updates[-1], connection)

    def top(self, head: Event, update: BookUpdate, connection: _Connection) -> None:
        """Coinbase's best bid and ask: the top of the book after each frame that changed it (EVENTS 15)."""
        best = [(spelled(side[:1]) or [[None, None]])[0] for side in update.top]
        prices = dict(zip(("bid", "bid_size", "ask", "ask_size"), best[0] + best[1]))
        fields = {"venue_seq": None, "venue_prev_seq": None, "state": "live", "reason": None, **prices}
        if update.kind == "invalid":
            fields = invalid_quote(update.reason or "")
        if fields != connection.tops.get(head.symbol):
            connection.tops[head.symbol] = fields
            self.publish("md.bbo.v1", head, fields, connection, update.received_us)

    def publish(
        self, topic: str, event: Event, fields: dict[str, Any], connection: _Connection, received: int, top: Any = None
    ) -> None:
        slot = (topic, event.symbol)
        connection.sequences[slot] += 1
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
            "seq": connection.sequences[slot],
            **fields,
        }
        self.result.records.append(Record(topic, event.symbol, value, self.line_number, top))


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
