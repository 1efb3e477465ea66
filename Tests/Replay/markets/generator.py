# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Small markets, each from its seed: instruments, books that cross now and then, faults, silence."""

import random
from decimal import Decimal
from typing import Iterator

START = 1_763_700_000_000_000
CENT = Decimal("0.01")

Instrument = tuple[str, str, str, str, str]
"""Symbol, venue, kind, base, quote."""
Side = dict[Decimal, Decimal]
"""Sizes by price."""


def instruments(dice: random.Random) -> tuple[list[Instrument], list[tuple[str, str]]]:
    """What is traded, and what may convert one quote currency into another."""
    venues = ["v1", "v2", "v3", "v4"][: dice.choice((2, 2, 3, 3, 4))]
    shape = dice.choice(("spot", "spot", "linear", "inverse", "basis", "basis", "triangle", "triangle", "cross", "mixed"))
    if shape == "spot":
        return [("A-T", venue, "spot", "A", "T") for venue in venues], []
    if shape == "linear":
        return [("A-T-PERP", venue, "linear_perpetual", "A", "T") for venue in venues], []
    if shape == "inverse":
        return [("A-USD-PERP", venue, "inverse_perpetual", "A", "USD") for venue in venues[:3]], []
    if shape == "basis":
        spots = [("A-USDT", venue, "spot", "A", "USDT") for venue in venues[:2]]
        return spots + [("A-USDT-PERP", venue, "linear_perpetual", "A", "USDT") for venue in venues[:2]], []
    if shape == "triangle":
        parts = [("A-USDT", "v1", "spot", "A", "USDT"), ("B-USDT", "v1", "spot", "B", "USDT"), ("B-A", "v1", "spot", "B", "A")]
        more = [("USDT-C", "v1", "spot", "USDT", "C"), ("A-C", "v1", "spot", "A", "C")]
        return parts + (more if dice.random() < 0.3 else []), []
    if shape == "cross":
        parts = [("A-USDT", "v1", "spot", "A", "USDT"), ("A-USDC", "v2", "spot", "A", "USDC")]
        back = dice.choice((("USDC-USDT", "USDC", "USDT"), ("USDT-USDC", "USDT", "USDC")))
        venue = dice.choice(("v1", "v2", "v3"))
        parts += [(back[0], venue, "spot", back[1], back[2])]
        if dice.random() < 0.4:
            parts.append(("A-USDC", "v1", "spot", "A", "USDC"))
        dice.shuffle(parts)
        return parts, [(back[0], venue)]
    parts = [("A-USDT", venue, "spot", "A", "USDT") for venue in venues[:2]]
    parts += [("B-USDT", "v1", "spot", "B", "USDT"), ("B-A", "v1", "spot", "B", "A")]
    parts += [("A-USDT-PERP", "v2", "linear_perpetual", "A", "USDT"), ("A-USDT-20261225", "v2", "linear_future", "A", "USDT")]
    return parts, []


PRICES = {"A": Decimal(20), "B": Decimal(5), "T": Decimal(1), "USDT": Decimal(1), "USDC": Decimal(1), "USD": Decimal(1)}
PRICES["C"] = Decimal("0.5")


class Market:
    """One script in the making."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.now = START
        self.instruments, self.conversions = instruments(self.dice)
        # Three trades lose more to spreads than two: their markets differ more.
        self.is_paired = len({symbol for symbol, *_ in self.instruments}) < 3 and not self.conversions
        self.seqs: dict[tuple[str, str], int] = {}
        self.epochs: dict[tuple[str, str], int] = {}
        self.books: dict[tuple[str, str], list[dict[Decimal, Decimal]]] = {}
        self.facts: dict[tuple[str, str], str] = {}
        # Sizes are whole numbers of this unit; lots are some of them.
        self.unit = self.dice.choice((Decimal("0.1"), Decimal("0.05"), Decimal(1)))

    def script(self, seed: int, events: int) -> Iterator[str]:
        """The lines."""
        dice = self.dice
        edge = dice.choice(("0", "0", "0.0005", "0.002"))
        value = dice.choice(("0", "0", "0", "15"))
        duration = dice.choice((0, 0, 0, 30_000))
        interval = dice.choice((0, 0, 100_000))
        levels = dice.choice((100, 100, 100, 3))
        heartbeat = dice.choice((0, 0, 600_000))
        yield (
            f"market {seed} edge={edge} value={value} duration={duration} interval={interval} levels={levels}"
            f" heartbeat={heartbeat} most=1500000 trials=100000"
        )
        for symbol, venue in self.conversions:
            yield f"conversion symbol={symbol} venue={venue}"
        for instrument in self.instruments:
            yield self.set_facts(instrument)
        for instrument in self.instruments:
            yield self.book(instrument, "snapshot")
        for _ in range(events):
            yield from self.event()
        yield f"close now={self.now}"
        yield "end"

    def event(self) -> Iterator[str]:
        """Something that happens."""
        dice = self.dice
        self.now += dice.choice((1, 500, 4_000, 20_000, 60_000, 300_000))
        instrument = dice.choice(self.instruments)
        choice = dice.random()
        if dice.random() < 0.1:
            yield from self.questions(instrument)
        if choice < 0.55:
            yield self.book(instrument, "delta")
        elif choice < 0.75:
            yield self.book(instrument, "snapshot")
        elif choice < 0.79:
            yield self.book(instrument, "invalid")
        elif choice < 0.83:
            self.seqs[instrument[:2]] += 1  # A record is lost.
            yield self.book(instrument, "delta")
        elif choice < 0.86:
            self.now += 2_000_000
            yield f"tick now={self.now}"
        elif choice < 0.90:
            perpetuals = [one for one in self.instruments if one[2] == "linear_perpetual"]
            if perpetuals:
                yield self.funding(dice.choice(perpetuals))
        elif choice < 0.92:
            yield self.set_facts(instrument)
        elif choice < 0.93:
            yield f"facts now={self.now} symbol={instrument[0]} venue={instrument[1]}"
        elif choice < 0.95:
            yield f"alive now={self.now} feed=f-{instrument[1]}"
        elif choice < 0.96:
            yield self.again(instrument)
        else:
            yield f"tick now={self.now}"

    def questions(self, instrument: Instrument) -> Iterator[str]:
        """What a user asks."""
        dice, symbol = self.dice, instrument[0]
        yield f"depth symbol={symbol} top={dice.choice((1, 3, 20))}"
        size = self.unit * dice.choice((1, 2, 3, 5, 6, 7)) * self.scale(instrument) + dice.choice((0, 0, self.unit / 4))
        yield f"route symbol={symbol} side={dice.choice(('buy', 'sell'))} size={size}"

    def again(self, instrument: Instrument) -> str:
        """A record that was there before, or of another instance."""
        line = self.book(instrument, "snapshot")
        if self.dice.random() < 0.5:
            self.seqs[instrument[:2]] -= 1
            return line.replace(f"seq={self.seqs[instrument[:2]] + 1} ", f"seq={self.seqs[instrument[:2]]} ")
        return line.replace("feed=f-", "feed=g-").replace(
            f"epoch={self.epochs[instrument[:2]]}", f"epoch={self.epochs[instrument[:2]] - self.dice.choice((0, 1))}"
        )

    def set_facts(self, instrument: Instrument) -> str:
        """What the venue allows and charges."""
        dice, (symbol, venue, kind, base, quote) = self.dice, instrument
        fee = dice.choice(("0", "0.0005", "0.001", "0.0006", "-0.0001"))
        lot = self.unit * dice.choice((1, 1, 2, 3)) * max(self.scale(instrument) // 4, 1)
        words = f"kind={kind} base={base} quote={quote} taker={fee} lot={lot}"
        if kind.startswith("inverse"):
            words = f"kind={kind} base={base} quote={quote} taker={fee} lot=1 contract={dice.choice((10, 10, 10, 10, 100))}"
        if dice.random() < 0.5:
            words += f" minsize={self.unit * dice.choice((1, 2, 5)) * self.scale(instrument)}"
        if dice.random() < 0.4:
            words += f" minvalue={dice.choice((5, 10, 40))}"
        return f"facts now={self.now} symbol={symbol} venue={venue} {words}"

    def funding(self, instrument: Instrument) -> str:
        """A perpetual's next funding."""
        symbol, venue = instrument[:2]
        if self.dice.random() < 0.1:
            return f"funding now={self.now} symbol={symbol} venue={venue}"
        rate = self.dice.choice(("0.0001", "0.003", "-0.002", "0"))
        next_time = self.now + self.dice.choice((-5, 50_000, 10_000_000))
        return f"funding now={self.now} symbol={symbol} venue={venue} rate={rate} next={next_time} mark=20.01"

    def book(self, instrument: Instrument, kind: str) -> str:
        """A record of a book."""
        dice, market = self.dice, instrument[:2]
        if market not in self.epochs or (kind == "snapshot" and dice.random() < 0.1):
            self.epochs[market], self.seqs[market] = self.now - 10, 0
        self.seqs[market] += 1
        received = self.now - dice.choice((0, 100, 2_000, -50))
        words = [
            f"book now={self.now} symbol={market[0]} venue={market[1]} feed=f-{market[1]}",
            f"epoch={self.epochs[market]} seq={self.seqs[market]} received={received} kind={kind}",
        ]
        if dice.random() < 0.7:
            words.append(f"exchange={received - dice.choice((300, 1_500, -40))}")
        if kind == "snapshot":
            self.books[market] = self.ladder(instrument)
            words += self.levels(*self.books[market]) + self.horizons(*self.books[market])
        elif kind == "delta":
            words += self.levels(*self.change(instrument))
            if dice.random() < 0.1:
                words += self.horizons(*self.books[market])
        return " ".join(words)

    def tick(self, instrument: Instrument) -> Decimal:
        """The price step."""
        return CENT if PRICES[instrument[3]] / PRICES[instrument[4]] > 2 else Decimal("0.0005")

    def ladder(self, instrument: Instrument) -> list[dict[Decimal, Decimal]]:
        """Bids and asks around a price of its own."""
        dice, tick = self.dice, self.tick(instrument)
        fair = PRICES[instrument[3]] / PRICES[instrument[4]]
        spread = 4000 if self.is_paired else 800
        middle = (fair * (1 + Decimal(dice.randint(-30, 30)) / spread) / tick).to_integral_value() * tick
        sides = []
        for sign in (-1, 1):
            price, side = middle, {}
            for _ in range(dice.choice((1, 2, 3, 4, 5))):
                price += sign * tick * dice.choice((1, 1, 2, 5))
                side[price] = self.size(instrument)
            sides.append(side)
        return sides

    def size(self, instrument: Instrument) -> Decimal:
        """How much is offered: mostly on the grid of the finest lot."""
        if instrument[2].startswith("inverse"):
            return Decimal(self.dice.randint(1, 9))
        size = self.unit * self.dice.randint(1, 12) * self.scale(instrument)
        return size + self.unit / 4 if self.dice.random() < 0.2 else size

    def scale(self, instrument: Instrument) -> int:
        """How much more of a cheap currency is offered than of a dear one."""
        return 1 if self.is_paired else int(PRICES["A"] / PRICES[instrument[3]])

    def change(self, instrument: Instrument) -> list[dict[Decimal, Decimal]]:
        """Some levels, set or removed."""
        dice, sides = self.dice, self.books.setdefault(instrument[:2], [{}, {}])
        fresh, changes = self.ladder(instrument), []
        for known, new in zip(sides, fresh):
            change = {}
            for price in dice.sample(sorted(known), min(len(known), dice.choice((0, 1, 2)))):
                change[price] = Decimal(0) if dice.random() < 0.6 else self.size(instrument)
            for price in dice.sample(sorted(new), min(len(new), dice.choice((0, 1)))):
                change[price] = new[price]
            known.update(change)
            for price in [price for price, size in known.items() if not size]:
                del known[price]
            changes.append(change)
        if dice.random() < 0.95:
            self.uncross(*sides, changes[1])
        return changes

    @staticmethod
    def uncross(bids: Side, asks: Side, changes: Side) -> None:
        """Removes the asks that a book's bids have reached: no venue's own book crosses, but where it is wrong."""
        for price in [price for price in asks if bids and price <= max(bids)]:
            del asks[price]
            changes[price] = Decimal(0)

    @staticmethod
    def levels(bids: dict[Decimal, Decimal], asks: dict[Decimal, Decimal]) -> list[str]:
        """Both sides, best first."""
        ordered = (("bids", sorted(bids.items(), reverse=True)), ("asks", sorted(asks.items())))
        return [f"{name}={','.join(f'{price:f}:{size:f}' for price, size in side)}" for name, side in ordered if side]

    def horizons(self, bids: dict[Decimal, Decimal], asks: dict[Decimal, Decimal]) -> list[str]:
        """Up to where the book is proven, sometimes."""
        words = []
        if bids and self.dice.random() < 0.2:
            words.append(f"hb={self.dice.choice(sorted(bids)):f}")
        if asks and self.dice.random() < 0.2:
            words.append(f"ha={self.dice.choice(sorted(asks)):f}")
        return words


def script(seed: int, events: int = 14) -> list[str]:
    """The market of this seed."""
    return list(Market(seed).script(seed, events))
