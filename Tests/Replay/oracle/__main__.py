# Part of MarketBus. Apache License 2.0, see LICENSE.
"""`python -m oracle --venue binance --market spot < capture`: the expected records as lines, for a look by eye."""

import argparse
import json
import sys
from pathlib import Path

from . import instrument_records, replay
from .replay import VENUES


def main() -> None:
    """Reads a capture from standard input and writes what it must give."""
    parser = argparse.ArgumentParser(prog="oracle", description=__doc__)
    parser.add_argument("--venue", required=True, choices=VENUES)
    parser.add_argument("--market", choices=("spot", "usdm", "coinm"))
    parser.add_argument("--instruments", action="append", type=Path, default=[], metavar="FILE")
    parser.add_argument("--emit-instruments", action="store_true")
    options = parser.parse_args()
    if options.emit_instruments:
        for path in options.instruments:
            for record in instrument_records(options.venue, path, options.market):
                _print(record)
    result = replay(options.venue, sys.stdin, options.market, options.instruments)
    for record in result.records:
        _print(record)
    counts = ", ".join(f"{kind} {count}" for kind, count in sorted(result.ignored.items()))
    print(f"ignored: {counts or 'nothing'}", file=sys.stderr)
    for letter in result.dead_letters:
        print(f"dead letter, line {letter.line}: {letter.reason}", file=sys.stderr)


def _print(record) -> None:
    print(json.dumps({"topic": record.topic, "key": record.key, "value": record.value}, separators=(",", ":")))


if __name__ == "__main__":
    main()
