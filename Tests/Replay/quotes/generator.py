# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Venues that quote, and everything that goes wrong with them, each run from its seed."""

import random
from decimal import Decimal
from typing import Iterator

START = 1_763_700_000_000_000
HOUR = 3_600_000_000
VENUES = ("binance", "okx", "htx", "coinbase", "abc")
PLAIN = ("BTC-USDT", "ETH-USDT")
JOINED = (
    "BTC-USDT", "BTC-USDC", "BTC-USD", "USDC-USDT", "USDT-USD", "USDC-USD", "ETH-USDC", "BTC-USDT-PERP", "BTC-USDC-PERP",
)  # fmt: skip
CONVERSIONS = ("USDC-USDT@binance", "USDT-USD@coinbase>USDT", "USDC-USD@coinbase>USDC", "USDC-USDT@okx>USDC")
PRICES = {"BTC": 20, "ETH": 5, "USDC": 1, "USDT": 1}


class Run:
    """One script in the making."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.now = START
        self.venues = self.dice.sample(VENUES, self.dice.choice((1, 2, 3, 4)))
        self.conversions = self.dice.sample(CONVERSIONS, self.dice.choice((0, 0, 1, 2, 3)))
        if self.conversions:
            self.venues = sorted({*self.venues, *(self.dice.choice(("binance", "coinbase")) for _ in range(2))})
        symbols = JOINED if self.conversions else PLAIN
        self.symbols = self.dice.sample(symbols, min(len(symbols), 5))
        self.conversions and self.symbols.extend({text.split("@")[0] for text in self.conversions} - {*self.symbols})
        self.epochs: dict[tuple[str, str], int] = {}
        self.seqs: dict[tuple[str, str], int] = {}
        self.dead: dict[str, int] = {}

    def script(self, seed: int, events: int) -> Iterator[str]:
        """The lines."""
        dice = self.dice
        # Habits are learned over hundreds of records: some runs have as many.
        samples = dice.choice((1, 300, 1000))
        yield (
            f"quotes {seed} most=1500000 least={dice.choice((1500000, 100000, 20000))}"
            f" heartbeat={dice.choice((0, 600000, 600000))} samples={samples} conversions={','.join(self.conversions)}"
        )
        for symbol in self.symbols:
            for venue in self.venues:
                if dice.random() < 0.7:
                    yield self.quote(symbol, venue)
        if dice.random() < 0.15:
            yield from self.habit(dice.choice(self.symbols), dice.choice(self.venues))
        for _ in range(events):
            yield from self.event()
        yield f"wait now={self.now + 5_000_000}"

    def habit(self, symbol: str, venue: str) -> Iterator[str]:
        """Many records in a rhythm of their own."""
        pace = self.dice.choice((2_000, 30_000, 100_000))
        for _ in range(self.dice.choice((260, 600, 1100))):
            self.now += int(pace * (self.dice.expovariate(1) + 0.1))
            yield self.quote(symbol, venue) + " silent=1"

    def event(self) -> Iterator[str]:
        """Something that happens."""
        dice = self.dice
        self.now += dice.choice((0, 1, 500, 4_000, 20_000, 60_000, 200_000))
        symbol, venue = dice.choice(self.symbols), dice.choice(self.venues)
        if venue in self.dead:
            yield from self.passed(venue)
            return
        choice = dice.random()
        if choice < 0.60:
            yield self.quote(symbol, venue)
        elif choice < 0.64:
            yield self.quote(symbol, venue, state="invalid")
        elif choice < 0.76:
            yield self.fault(symbol, venue)
        elif choice < 0.84:
            at = self.now - dice.choice((0, 0, 1_000, 700_000))
            yield f"heard now={self.now} feed=f-{venue} at={at}"
        elif choice < 0.86:
            yield f"stopped now={self.now} feed=f-{venue} at={self.now - dice.choice((0, 1_000))}"
        elif choice < 0.89:
            # The venue dies: nothing more comes of it, its feed says so or is killed with it.
            self.dead[venue] = dice.randint(2, 12)
            if dice.random() < 0.4:
                for one in self.symbols:
                    yield self.quote(one, venue, state="invalid")
        elif choice < 0.94:
            yield f"apart now={self.now} symbol={symbol} venue={venue} out={dice.choice((0, 1))}"
        elif choice < 0.95:
            yield f"forgotten now={self.now} symbol={symbol}"
        else:
            self.now += dice.choice((100_000, 700_000, 2_000_000))
            yield f"wait now={self.now}"

    def passed(self, venue: str) -> Iterator[str]:
        """A dead venue's time goes by; it returns with streams that begin anew."""
        self.dead[venue] -= 1
        self.now += 150_000
        if self.dead[venue]:
            yield f"wait now={self.now}"
            return
        del self.dead[venue]
        yield f"heard now={self.now} feed=f-{venue} at={self.now}"
        for symbol in self.symbols:
            self.epochs[symbol, venue] = self.now
            self.seqs[symbol, venue] = 0
            yield self.quote(symbol, venue)

    def fault(self, symbol: str, venue: str) -> str:
        """A record that is late, doubled, wrong, or of somebody else."""
        dice, place = self.dice, (symbol, venue)
        line = self.quote(symbol, venue)
        epoch, seq = self.epochs[place], self.seqs[place]
        kind = dice.choice(("lost", "again", "late", "old", "other", "new", "zero", "ahead", "behind", "future"))
        if kind == "lost":
            self.seqs[place] += dice.choice((1, 50))
        elif kind in ("again", "late"):
            line = line.replace(f" seq={seq} ", f" seq={max(seq - dice.choice((1, 1, 3)), 0)} ")
        elif kind == "old":
            line = line.replace(f"epoch={epoch}", f"epoch={epoch - dice.choice((1, 1_000_000))}")
        elif kind == "other":
            line = line.replace(f"feed=f-{venue}", f"feed=g-{venue}")
            line = line.replace(f"epoch={epoch}", f"epoch={epoch + dice.choice((-5, 0, 1))}")
        elif kind == "new":
            self.epochs[place], self.seqs[place] = self.now, 1
            line = line.replace(f"epoch={epoch} seq={seq} ", f"epoch={self.now} seq=1 ")
        elif kind == "zero":
            words = [word for word in line.split(" ") if not word.startswith(("bid=", "ask="))]
            line = " ".join([*words, dice.choice(("bid=0:1", "ask=20:0", "bid=-1:1", "ask=20:-0.5"))])
        elif kind == "future":
            line = line.replace(f"epoch={epoch}", f"epoch={self.now + HOUR}")
        else:
            words = [word for word in line.split(" ") if not word.startswith("received=")]
            line = " ".join([*words, f"received={self.now + (HOUR if kind == 'ahead' else -HOUR)}"])
        return line

    def quote(self, symbol: str, venue: str, state: str = "live") -> str:
        """A record of a stream."""
        dice, place = self.dice, (symbol, venue)
        self.epochs.setdefault(place, self.now - 10)
        self.seqs[place] = self.seqs.get(place, 0) + 1
        received = self.now - dice.choice((0, 0, 100, 2_000, 50_000, -50))
        words = [
            f"bbo now={self.now} symbol={symbol} venue={venue} feed=f-{venue}",
            f"epoch={self.epochs[place]} seq={self.seqs[place]} received={received} state={state}",
        ]
        if dice.random() < 0.6:
            words.append(f"exchange={received - dice.choice((300, 1_500, -40))}")
        if state == "live":
            words += self.levels(symbol)
        return " ".join(words)

    def levels(self, symbol: str) -> list[str]:
        """A bid and an ask around the symbol's price; now and then only one of them."""
        dice = self.dice
        tick = Decimal(dice.choice(("0.01", "0.01", "0.0001")))
        middle = PRICES[symbol.split("-")[0]] + tick * dice.randint(-4, 4)
        words = []
        for name, sign in (("bid", -1), ("ask", 1)):
            if dice.random() < 0.06:
                continue
            size = Decimal(dice.choice(("1", "2", "0.5", "3.25", "100", "0.00000001", "12345.678")))
            words.append(f"{name}={middle + sign * tick * dice.choice((0, 1, 1, 2)):f}:{size}")
        return words


def script(seed: int, events: int = 30) -> list[str]:
    """The run of this seed."""
    return list(Run(seed).script(seed, events))
