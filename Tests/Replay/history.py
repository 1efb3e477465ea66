# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The recorded cross-venue history (LINK-USDT, Binance and HTX, ten levels, 4,800 seconds) as a script of two markets.

`python -m history [SECONDS] [LOT] [FEE]` replays it through `aggregator --replay` and compares with the oracle.
"""

import csv
import json
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Iterator, Optional

import recordings
from aggregation import expected, replayed, told, values
from markets.evaluation import Worth
from markets.oracle import Oracle
from markets.records import named, record, records, settings
from markets.routes import Route
from programs import binary

SYMBOL = "LINK-USDT"
# HTX's row of a second is taken a millisecond after Binance's.
OFFSETS = {"binance": 0, "htx": 1_000}


def files() -> Optional[dict[str, Path]]:
    """Where the two venues' rows are; None where there are no recordings."""
    folder = recordings.folder()
    found = {venue: folder / "cross_venue" / f"linkusdt_1s_2021-08-20.{venue}.csv" for venue in OFFSETS} if folder else {}
    return found if found and all(path.is_file() for path in found.values()) else None


class HistoryOracle(Oracle):
    """The oracle, without looking for a size where already the first unit's loss is certain: every further one loses more."""

    def _worth(self, route: Route, now: int) -> Optional[Worth]:
        buy, sell = self._legs(route)
        cost, gain = buy.levels[0][0] * (1 + buy.facts.taker), sell.levels[0][0] * (1 - sell.facts.taker)
        return super()._worth(route, now) if gain > cost else None


def script(seconds: int, lot: str, fee: str) -> list[str]:
    """The history's first seconds, as the oracle and the aggregator read it."""
    found = files()
    assert found is not None
    rows = [list(_rows(venue, path, seconds)) for venue, path in found.items()]
    lines = [line for pair in zip(*rows, strict=True) for line in pair]
    start = int(named(lines[0])["now"])
    facts = [
        f"facts now={start} symbol={SYMBOL} venue={venue} kind=spot base=LINK quote=USDT taker={fee} lot={lot}"
        for venue in OFFSETS
    ]
    head = "market 0 edge=0 value=0 duration=0 interval=0 levels=50 heartbeat=0 most=30000000"
    return [head, *facts, *lines]


def _rows(venue: str, path: Path, seconds: int) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            if number >= seconds:
                return
            moment = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=timezone.utc)
            now = int(moment.timestamp()) * 1_000_000 + OFFSETS[venue]
            sides = {
                name: ",".join(f"{row[f'{key}{level}']}:{row[f'{key}v{level}']}" for level in range(1, 11))
                for name, key in (("bids", "b"), ("asks", "a"))
            }
            yield (
                f"book now={now} symbol={SYMBOL} venue={venue} feed=f-{venue} epoch=1 seq={number + 1} received={now}"
                f" kind=snapshot bids={sides['bids']} asks={sides['asks']}"
            )


def with_quotes(lines: list[str]) -> Iterator[str]:
    """The records of a script, behind each book its best bid and ask."""
    for line in records(lines):
        yield line
        value: dict[str, Any] = json.loads(line)["value"]
        if value["schema"] != "book.v1":
            continue
        kept = {key: value[key] for key in list(value)[:10]} | {"schema": "bbo.v1", "venue_seq": None, "state": "live"}
        (bid, bid_size), (ask, ask_size) = value["bids"][0], value["asks"][0]
        kept |= {"bid": bid, "bid_size": bid_size, "ask": ask, "ask_size": ask_size}
        yield record("md.bbo.v1", SYMBOL, kept)


def crossed_seconds(output: bytes) -> Counter:
    """In how many seconds the last quote was crossed, by who bids; one that nothing changed has the quote of the one before."""
    last: dict[int, Optional[str]] = {}
    for value in values(output, "agg.quote.v1"):
        # Those that are told again later in the second say the same.
        last[value["published_us"] // 1_000_000] = value["bid_venue"] if value["crossed"] else None
    counts: Counter = Counter()
    venue = None
    for second in range(min(last), max(last) + 1):
        venue = last.get(second, venue)
        if venue:
            counts[venue] += 1
    return counts


def run(aggregator: Path, folder: Path, seconds: int, lot: str, fee: str) -> tuple[bytes, list[str], list[str]]:
    """Output, what it told and what it should have."""
    lines = script(seconds, lot, fee)
    path = folder / "history.jsonl"
    path.write_text("\n".join(with_quotes(lines)) + "\n", encoding="utf-8")
    output = replayed(aggregator, [path], *settings(lines))
    return output, told(output), expected(lines, HistoryOracle)


def main(seconds: int = 4_800, lot: str = "1", fee: str = "0") -> None:
    """By hand."""
    aggregator = binary("aggregator")
    if aggregator is None or files() is None:
        sys.exit("the aggregator is not built, or MARKETBUS_RECORDED_DATA is not set")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        output, found, wanted = run(aggregator, Path(folder), seconds, lot, fee)
    missing, added = Counter(wanted) - Counter(found), Counter(found) - Counter(wanted)
    print("\n".join([f"oracle:     {line}" for line in missing][:5] + [f"aggregator: {line}" for line in added][:5]))
    print(f"{seconds} seconds, lot {lot}, fee {fee}: crossed seconds {dict(crossed_seconds(output))}")
    print(f"steps {dict(Counter(line.split(' ')[0] for line in wanted))}: {missing.total()} missing, {added.total()} too many")
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main(*(convert(word) for convert, word in zip((int, str, str), sys.argv[1:])))
