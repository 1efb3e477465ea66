# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Plays a script and says every step that must be told."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Optional

from .evaluation import Facts, Leg, Worth, best, cycle_trade, pair_trade
from .figures import ZERO, Level, rounded, text
from .routes import Market, Route, find_routes
from .routing import Venue, depth, route

LATENCIES = (5_000, 20_000, 80_000, 250_000)
LEEWAY = 300_000_000  # How far ahead of ours a feed's clock may be.


@dataclass
class Book:
    """One venue's book as its records prove it."""

    bids: dict[Decimal, Decimal] = field(default_factory=dict)
    asks: dict[Decimal, Decimal] = field(default_factory=dict)
    horizons: list[Optional[Decimal]] = field(default_factory=lambda: [None, None])
    health: str = "invalid"
    identity: Optional[tuple[str, int, int]] = None
    exchange: Optional[int] = None
    received: int = -(2**63)

    def side(self, is_buy: bool) -> tuple[Level, ...]:
        """The levels that a taker meets, best first."""
        return tuple(sorted(self.asks.items())) if is_buy else tuple(sorted(self.bids.items(), reverse=True))


@dataclass
class Life:
    """An opportunity from the moment it was seen."""

    worth: Worth
    seen: int
    history: list[tuple[int, Decimal]]
    peak: tuple[Decimal, int]
    most: Decimal
    opened: Optional[int] = None
    told: int = 0
    is_untold: bool = False
    awaited: int = 0
    ended: Optional[int] = None
    takers: list[tuple[int, Optional[Decimal]]] = field(default_factory=list)


class Oracle:
    """One script's market."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.edge = Decimal(settings.get("edge", "0"))
        self.value = Decimal(settings.get("value", "0"))
        self.duration = int(settings.get("duration", "0"))
        self.interval = int(settings.get("interval", "0"))
        self.most = int(settings.get("most", "30000000"))
        self.levels = int(settings.get("levels", "100"))
        self.heartbeat = int(settings.get("heartbeat", "0"))
        self.known: dict[Market, Facts] = {}
        self.facts: dict[Market, Optional[Facts]] = {}
        self.fundings: dict[Market, Optional[tuple[Decimal, int, Decimal]]] = {}
        self.books: dict[Market, Book] = {}
        self.beats: dict[str, int] = {}
        self.conversions: set[Market] = set()
        self.routes: dict[str, Route] = {}
        self.lives: dict[str, Life] = {}
        self.settling: dict[tuple[str, int], Life] = {}
        self.replays: list[tuple[int, str, int, int, Decimal]] = []
        self.short = 0
        self.out: list[str] = []
        # Who could take part in the last order that was asked about, and whether it bought.
        self.asked: tuple[list[Venue], bool] = ([], True)

    # Words of a script.

    def run(self, word: str, named: dict[str, str]) -> list[str]:
        """Does one line and gives the steps it led to."""
        self.out = []
        market = (named.get("symbol", ""), named.get("venue", ""))
        now = int(named.get("now", "0"))
        if word == "conversion":
            self.conversions.add(market)
        elif word == "facts":
            self._facts(market, named, now)
        elif word == "funding":
            self._funding(market, named, now)
        elif word == "book":
            self._settle(now)
            if self._book(market, named, now):
                self._judge(market, now)
        elif word == "alive":
            self.beats[named["feed"]] = max(now, self.beats.get(named["feed"], now))
        elif word == "tick":
            self._tick(now)
        elif word == "depth":
            self.out.append(self._depth(market[0], int(named["top"])))
        elif word == "route":
            self.out.append(self._route(market[0], named["side"] == "buy", Decimal(named["size"])))
        elif word == "close":
            for name in list(self.lives):
                self._end(name, "shutdown", now)
            self.settling, self.replays = {}, []
        return sorted(self.out)

    def _facts(self, market: Market, named: dict[str, str], now: int) -> None:
        new = None
        if "kind" in named:
            optional = {key: Decimal(named[key]) for key in ("lot", "minsize", "minvalue", "contract") if key in named}
            new = Facts(
                named["kind"],
                named["base"],
                named["quote"],
                Decimal(named["taker"]),
                optional.get("lot"),
                optional.get("minsize", ZERO),
                optional.get("minvalue", ZERO),
                optional.get("contract"),
            )
        if self.facts.get(market) == new:
            return
        self._settle(now)
        self.facts[market] = new
        if new and market not in self.known:
            self.known[market] = new
            self._find_routes()
        self._judge(market, now)

    def _funding(self, market: Market, named: dict[str, str], now: int) -> None:
        new = None
        if "rate" in named:
            new = (Decimal(named["rate"]), int(named["next"]), Decimal(named["mark"]))
        if self.fundings.get(market) == new:
            return
        self._settle(now)
        self.fundings[market] = new
        self._judge(market, now)

    def _tick(self, now: int) -> None:
        self._settle(now)
        late = {feed for feed, heard in self.beats.items() if self._is_late(feed, now)}
        for market, book in self.books.items():
            if book.health == "live" and (book.received + self.most < now or book.identity[0] in late):
                book.health = "stale"
                self._judge(market, now)
        for name in list(self.lives):
            self._open(name, now)
            self._tell_update(name, now)

    # Questions.

    def _live(self, symbol: str, is_buy: bool) -> list[tuple[Market, tuple[Level, ...]]]:
        markets = sorted(market for market, book in self.books.items() if market[0] == symbol and book.health == "live")
        return [(market, self.books[market].side(is_buy)) for market in markets]

    def _depth(self, symbol: str, top: int) -> str:
        sides = [[(market[1], side) for market, side in self._live(symbol, is_buy)] for is_buy in (False, True)]
        return f"depth bids={depth(sides[0], True, top)} asks={depth(sides[1], False, top)}"

    def _route(self, symbol: str, is_buy: bool, size: Decimal) -> str:
        venues = [(market[1], self.facts.get(market), side) for market, side in self._live(symbol, is_buy)]
        venues = [venue for venue in venues if venue[1]]
        self.asked = (venues, is_buy)
        tops = [[side[0][0] for _, side in self._live(symbol, buys) if side] for buys in (False, True)]
        mid = (max(tops[0]) + min(tops[1])) / 2 if tops[0] and tops[1] else None
        return route(venues, size, is_buy, mid)

    # Books.

    def _is_late(self, feed: str, now: int) -> bool:
        return self.heartbeat > 0 and feed in self.beats and self.beats[feed] + self.heartbeat < now

    def _book(self, market: Market, named: dict[str, str], now: int) -> bool:
        book = self.books.setdefault(market, Book())
        new = (named["feed"], int(named["epoch"]), int(named["seq"]))
        received, kind, old = int(named["received"]), named["kind"], book.identity
        if max(new[1], received) > now + LEEWAY:
            return False
        if old and new[1] <= old[1]:
            if new[:2] == old[:2]:
                if new[2] <= old[2]:
                    return False
            elif new[0] == old[0] or book.health == "live" or kind != "snapshot" or received <= book.received:
                return False
        follows = old is not None and new[:2] == old[:2] and new[2] == old[2] + 1
        holds = kind == "snapshot" or (kind == "delta" and follows and book.health != "invalid")
        if holds:
            holds = self._levels(book, named, kind)
        book.identity, book.received = new, min(received, now)
        book.exchange = int(named["exchange"]) if "exchange" in named else None
        if not holds:
            book.bids, book.asks, book.health = {}, {}, "invalid"
        else:
            is_live = book.received + self.most >= now and not self._is_late(new[0], now)
            book.health = "live" if is_live else "stale"
        return True

    def _levels(self, book: Book, named: dict[str, str], kind: str) -> bool:
        stated = [Decimal(named[key]) if key in named else None for key in ("hb", "ha")]
        if kind == "snapshot":
            book.bids, book.asks, book.horizons = {}, {}, list(stated)
        for place, (levels, key) in enumerate(((book.bids, "bids"), (book.asks, "asks"))):
            for part in filter(None, named.get(key, "").split(",")):
                price, size = map(Decimal, part.split(":"))
                if price <= 0 or size < 0:
                    return False
                if self._is_unproven(price, place, book.horizons[place], stated[place]):
                    continue
                if size:
                    levels[price] = size
                else:
                    levels.pop(price, None)
        if book.bids and book.asks and max(book.bids) >= min(book.asks):
            return False
        for place, levels in enumerate((book.bids, book.asks)):
            sign = -1 if place else 1
            for price in [p for p in levels if self._is_unproven(p, place, book.horizons[place], stated[place])]:
                del levels[price]
            kept = sorted(levels, key=lambda price: -sign * price)[: self.levels]
            if len(kept) < len(levels):
                for price in set(levels) - set(kept):
                    del levels[price]
                own = book.horizons[place]
                book.horizons[place] = kept[-1] if own is None or sign * kept[-1] > sign * own else own
        return True

    @staticmethod
    def _is_unproven(price: Decimal, place: int, *limits: Optional[Decimal]) -> bool:
        """Whether a bid (place 0) lies below one of the limits, or an ask (1) above one."""
        return any(limit is not None and (price > limit if place else price < limit) for limit in limits)

    # Routes: all of them, from all instruments, every time.

    def _find_routes(self) -> None:
        for route in find_routes(self.known, self.conversions):
            self.routes.setdefault(route.name, route)

    # Judging.

    def _obstacle(self, route: Route) -> Optional[str]:
        states = [self.books[market].health if market in self.books else "invalid" for market, _ in route.legs]
        if any(self.facts.get(market) is None for market, _ in route.legs) or "invalid" in states:
            return "leg_invalid"
        return "leg_stale" if "stale" in states else None

    def _carry(self, route: Route, now: int) -> Optional[Decimal]:
        if route.kind != "spot_perpetual":
            return None
        for market, is_buy in route.legs:
            terms = self.fundings.get(market)
            if self.facts[market].kind == "linear_perpetual" and terms and terms[1] > now:
                return -terms[0] * terms[2] if is_buy else terms[0] * terms[2]
        return None

    def _legs(self, route: Route) -> list[Leg]:
        return [Leg(self.facts[market], is_buy, self.books[market].side(is_buy)) for market, is_buy in route.legs]

    def _judge(self, market: Market, now: int) -> None:
        for name, route in self.routes.items():
            if all(market != touched for touched, _ in route.legs):
                continue
            reason = self._obstacle(route)
            worth = None
            if reason is None:
                reason = "edge_gone"
                worth = self._worth(route, now)
            if worth is None:
                self._end(name, reason, now)
                continue
            life = self.lives.get(name)
            if life is None:
                history = [(now, worth.edge)]
                self.lives[name] = Life(worth, now, history, (worth.edge, now), worth.profit)
            elif life.worth != worth:
                life.worth, life.is_untold = worth, life.opened is not None
                life.history.append((now, worth.edge))
                life.most = max(life.most, worth.profit)
                if worth.edge > life.peak[0]:
                    life.peak = (worth.edge, now)
            self._open(name, now)
            self._tell_update(name, now)

    def _worth(self, route: Route, now: int) -> Optional[Worth]:
        return best(self._legs(route), self.edge, self.value, self._carry(route, now))

    # Steps.

    def _open(self, name: str, now: int) -> None:
        life, route = self.lives[name], self.routes[name]
        if life.opened is not None or now - life.seen < self.duration:
            return
        route.last_opened = life.opened = max(life.seen, route.last_opened + 1)
        life.told, life.awaited = now, len(LATENCIES)
        for latency in LATENCIES:
            self.replays.append((now + latency, name, life.opened, latency, life.worth.size))
        self._tell(name, life, "open", "-", now)

    def _tell_update(self, name: str, now: int) -> None:
        life = self.lives[name]
        if life.is_untold and now - life.told >= self.interval:
            life.is_untold, life.told = False, now
            self._tell(name, life, "update", "-", now)

    def _end(self, name: str, reason: str, now: int) -> None:
        life = self.lives.pop(name, None)
        if life is None:
            return
        if life.opened is None:
            self.short += 1
            return
        self._tell(name, life, "close", reason, now)
        if life.awaited:
            life.ended = now
            self.settling[(name, life.opened)] = life

    def _settle(self, now: int) -> None:
        due = sorted(replay for replay in self.replays if replay[0] < now)
        self.replays = [replay for replay in self.replays if replay[0] >= now]
        for at, name, opened, latency, size in due:
            route = self.routes[name]
            earned = self._earned(route, size, at)
            life = self.lives.get(name)
            is_open = life is not None and life.opened == opened
            life = life if is_open else self.settling[(name, opened)]
            life.takers.append((latency, earned))
            life.awaited -= 1
            if not is_open and not life.awaited:
                del self.settling[(name, opened)]
                self._tell(name, life, "settle", "-", at)

    def _earned(self, route: Route, size: Decimal, now: int) -> Optional[Decimal]:
        if self._obstacle(route):
            return None
        legs = self._legs(route)
        if len(legs) == 2:
            if legs[0].facts.contract != legs[1].facts.contract:
                return None
            trade = pair_trade(legs[0], legs[1], size, ZERO, ZERO, self._carry(route, now) or ZERO)
        else:
            trade = cycle_trade(legs, size, ZERO, ZERO)
        return trade.profit if trade else None

    def _tell(self, name: str, life: Life, state: str, reason: str, now: int) -> None:
        until = now if life.ended is None else life.ended
        worth = life.worth
        ends = [at for at, _ in life.history[1:]] + [until]
        area = sum((edge * (end - at) for (at, edge), end in zip(life.history, ends)), ZERO)
        mean = rounded(area / (until - life.seen), 4) if until > life.seen else worth.edge
        legs = []
        for market, _ in self.routes[name].legs:
            book = self.books[market]
            skew = "-" if book.exchange is None else str(book.received - book.exchange)
            legs.append(f"{max(now - book.received, 0)}/{skew}")
        self.out.append(
            f"{state} {reason} {name} opened={life.opened} at={now} duration={max(until - life.opened, 0)}"
            f" size={text(worth.size)} cost={text(worth.cost)} profit={text(worth.profit)}"
            f" funding={text(worth.funding)} edge={text(worth.edge)} peak={text(life.peak[0])}"
            f" peaked={life.peak[1]} most={text(life.most)} mean={text(mean)} legs={','.join(legs)}"
            f" fills={','.join('/'.join(map(text, fill)) for fill in worth.fills)}"
            f" curve={','.join('/'.join(map(text, point)) for point in worth.curve)}"
            f" takers={','.join(f'{latency}/{text(earned)}' for latency, earned in life.takers)}"
        )
