# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Plays a script and says every quote after every event."""

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Optional

from .habits import Habits

Level = tuple[Fraction, Fraction]
Place = tuple[str, str]
LEEWAY = 300_000_000
PRICE_STEP, SIZE_STEP = Fraction(1, 10**12), Fraction(1, 10**8)


def text(figure: Fraction) -> str:
    """A decimal without exponent and trailing zeros."""
    places = 0
    while (figure * 10**places).denominator != 1:
        places += 1
    digits = str(abs(int(figure * 10**places))).rjust(places + 1, "0")
    return digits if not places else f"{digits[:-places]}.{digits[-places:]}"


def down(figure: Fraction, step: Fraction) -> Fraction:
    """The next multiple of a step that is not above."""
    return floor(figure / step) * step


def up(figure: Fraction, step: Fraction) -> Fraction:
    """The next multiple of a step that is not below."""
    return -down(-figure, step)


@dataclass(frozen=True)
class Conversion:
    """A market through which a currency's quotes join another's."""

    market: str
    venue: str
    joined: str

    @classmethod
    def read(cls, written: str) -> "Conversion":
        """`MARKET@VENUE` joins the market's quote currency, `MARKET@VENUE>CURRENCY` either."""
        place, _, currency = written.partition(">")
        market, venue = place.split("@")
        return cls(market, venue, currency or market.split("-")[1])

    @property
    def name(self) -> str:
        """As it is told."""
        return f"{self.market}@{self.venue}"

    def source(self, symbol: str) -> Optional[str]:
        """Who joins a symbol."""
        parts, sides = symbol.split("-"), self.market.split("-")
        other = sides[1] if self.joined == sides[0] else sides[0]
        if len(parts) != 2 or parts[1] != self.joined or parts[0] == other:
            return None
        return f"{parts[0]}-{other}"

    def turn(self, level: Optional[Level], is_bid: bool, bid: Optional[Level], ask: Optional[Level]) -> Optional[Level]:
        """A level in the other currency: what is got is sold, what is paid is bought, at the market's best."""
        if level is None:
            return None
        price, size = level
        is_base = self.joined == self.market.split("-")[0]
        # Whoever gets quote currency for base buys the market; whoever gets base currency sells it.
        market = ask if is_bid == is_base else bid
        if market is None:
            return None
        exact = price / market[0] if is_base else price * market[0]
        # The market's turnover, counted in the currency that is turned.
        turnover = market[0] * market[1] if is_base else market[1]
        size = min(size, down(turnover / price, SIZE_STEP))
        price = (down if is_bid else up)(exact, PRICE_STEP)
        return (price, size) if price > 0 and size > 0 else None


@dataclass
class Leg:
    """What a venue last said of a symbol."""

    feed: str
    epoch: int
    seq: int
    received: int
    exchange: Optional[int]
    is_valid: bool
    bid: Optional[Level]
    ask: Optional[Level]
    habits: Habits
    # Whether its feed was not believed at some time since it said that.
    is_lost: bool = False

    def health(self, now: int) -> str:
        """Without quarantine."""
        if not self.is_valid:
            return "invalid"
        return "stale" if self.is_lost or self.received + self.habits.allowed < now else "live"


class Oracle:
    """One script's venues."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.most = int(settings["most"])
        self.least = min(int(settings.get("least", settings["most"])), self.most)
        self.heartbeat = int(settings.get("heartbeat", "0"))
        self.samples = int(settings.get("samples", "1000"))
        self.conversions = [Conversion.read(one) for one in filter(None, settings.get("conversions", "").split(","))]
        self.symbols = {conversion.market for conversion in self.conversions}
        self.legs: dict[Place, Leg] = {}
        self.apart: set[Place] = set()
        self.beats: dict[str, tuple[int, bool]] = {}

    def run(self, word: str, named: dict[str, str]) -> list[str]:
        """Does one line and gives what must be printed."""
        now, said = int(named["now"]), []
        place = (named.get("symbol", ""), named.get("venue", ""))
        self._look(now)
        if word == "bbo":
            self.symbols.add(place[0])
            said = [self._quote(place, named, now)]
            if "silent" in named:
                return []
        elif word == "heard":
            if named["feed"] not in self.beats or self.beats[named["feed"]][0] < int(named["at"]):
                self.beats[named["feed"]] = (int(named["at"]), False)
        elif word == "stopped":
            heard = max(int(named["at"]), self.beats.get(named["feed"], (int(named["at"]), False))[0])
            self.beats[named["feed"]] = (heard, True)
        elif word == "apart":
            self.symbols.add(place[0])
            (self.apart.add if named["out"] == "1" else self.apart.discard)(place)
        elif word == "forgotten":
            self.legs = {key: leg for key, leg in self.legs.items() if key[0] != place[0]}
            self.apart = {key for key in self.apart if key[0] != place[0]}
        self._look(now)
        return said + [self._line(symbol, now) for symbol in sorted(self.symbols)]

    def _look(self, now: int) -> None:
        """Whoever's feed is not believed at any time leaves, until the next record of its own."""
        for leg in self.legs.values():
            leg.is_lost = leg.is_lost or self._is_late(leg.feed, now)

    def _is_late(self, feed: str, now: int) -> bool:
        if self.heartbeat == 0 or feed not in self.beats:
            return False
        heard, has_stopped = self.beats[feed]
        return has_stopped or heard + self.heartbeat < now

    # Records.

    def _quote(self, place: Place, named: dict[str, str], now: int) -> str:
        sides = [self._level(named.get(key)) for key in ("bid", "ask")]
        received, is_valid = int(named["received"]), named["state"] == "live"
        if not is_valid:
            sides = [None, None]
        if any(side is not None and (side[0] <= 0 or side[1] <= 0) for side in sides):
            return "absurd"
        new = (named["feed"], int(named["epoch"]), int(named["seq"]))
        if max(new[1], received) > now + LEEWAY:
            return "clock_ahead"
        old = self.legs.get(place)
        refusal = self._refusal(old, new, received, is_valid, now)
        if refusal:
            return refusal
        received = min(received, now)
        habits = old.habits if old else Habits(self.least, self.most, self.samples)
        if old and old.is_valid and is_valid and (old.feed, old.epoch) == new[:2] and self.least < self.most:
            habits.note(max(received - old.received, 0))
        if not is_valid and old:
            sides = [old.bid, old.ask]
        exchange = int(named["exchange"]) if "exchange" in named else None
        self.legs[place] = Leg(*new, received, exchange, is_valid, sides[0], sides[1], habits)
        self._look(now)
        return "taken"

    @staticmethod
    def _level(written: Optional[str]) -> Optional[Level]:
        if written is None:
            return None
        price, size = written.split(":")
        return Fraction(price), Fraction(size)

    @staticmethod
    def _refusal(
        old: Optional[Leg], new: tuple[str, int, int], received: int, is_valid: bool, now: int
    ) -> Optional[str]:
        """A later incarnation takes over, and a later record of the same; another instance of an earlier one only where
        the leg no longer counts."""
        if old is None or new[1] > old.epoch:
            return None
        if (old.feed, old.epoch) == new[:2]:
            return None if new[2] > old.seq else "old_sequence"
        stands_in = new[0] != old.feed and old.health(now) != "live" and is_valid and received > old.received
        return None if stands_in else "old_epoch"

    # Quotes.

    def _health(self, place: Place, now: int) -> str:
        health = self.legs[place].health(now) if place in self.legs else "invalid"
        return "apart" if health == "live" and place in self.apart else health

    def _joined(self, symbol: str, now: int) -> list[tuple[str, int, str, Optional[Level], Optional[Level]]]:
        """Venue, conversion, health, bid and ask of all that join a symbol."""
        found = []
        for number, conversion in enumerate(self.conversions):
            source, market = conversion.source(symbol), (conversion.market, conversion.venue)
            if source is None or market not in self.legs:
                continue
            for place in [place for place in self.legs if place[0] == source]:
                healths = [self.legs[one].health(now) for one in (place, market)]
                health = next((one for one in ("invalid", "stale") if one in healths), "live")
                if health == "live" and (place in self.apart or market in self.apart):
                    health = "apart"
                leg, turned = self.legs[place], self.legs[market]
                bid = conversion.turn(leg.bid, True, turned.bid, turned.ask)
                ask = conversion.turn(leg.ask, False, turned.bid, turned.ask)
                found.append((place[1], number, health, *((None, None) if health == "invalid" else (bid, ask))))
        return found

    def _line(self, symbol: str, now: int) -> str:
        own = {place[1]: leg for place, leg in self.legs.items() if place[0] == symbol}
        joined = self._joined(symbol, now)
        offers = [
            (venue, -1, leg.bid, leg.ask) for venue, leg in own.items() if self._health((symbol, venue), now) == "live"
        ]
        offers += [(venue, number, bid, ask) for venue, number, health, bid, ask in joined if health == "live"]
        bids = [(-bid[0], number >= 0, -bid[1], venue, number) for venue, number, bid, _ in offers if bid]
        asks = [(ask[0], number >= 0, -ask[1], venue, number) for venue, number, _, ask in offers if ask]
        best = [min(side) if side else None for side in (bids, asks)]
        shown = []
        for side in best:
            through = f"/{self.conversions[side[4]].name}" if side and side[1] else ""
            shown.append(f"{text(abs(side[0]))}/{text(-side[2])}/{side[3]}{through}" if side else "-")
        crossed = bool(best[0] and best[1] and -best[0][0] > best[1][0])
        locked = bool(best[0] and best[1] and -best[0][0] == best[1][0])
        legs = []
        for venue, leg in own.items():
            skew = "-" if leg.exchange is None else str(leg.received - leg.exchange)
            health = self._health((symbol, venue), now)
            legs.append(f"{venue}={health}/{max(now - leg.received, 0)}/{skew}/{leg.habits.allowed}")
        for venue, number, health, *levels in joined:
            sides = "/".join("-" if level is None else f"{text(level[0])}:{text(level[1])}" for level in levels)
            legs.append(f"{venue}>{self.conversions[number].name}={health}/{sides}")
        flags = f"live={len(offers)} crossed={str(crossed).lower()} locked={str(locked).lower()}"
        return f"{symbol} {shown[0]} {shown[1]} {flags} {' '.join(sorted(legs))}"
