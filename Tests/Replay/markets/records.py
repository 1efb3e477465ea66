# Part of MarketBus. Apache License 2.0, see LICENSE.
"""A script's market as the records that feeds would publish of it, and an aggregator's records as the oracle's lines."""

import json
from typing import Any, Iterator, Optional

from .figures import Decimal, text

STEP, STEPS, REST = 25_000, 1_000, 1_000_000


def named(line: str) -> dict[str, str]:
    """A line's `name=value` words."""
    return dict(word.split("=", 1) for word in line.split(" ") if "=" in word)


def settings(lines: list[str]) -> list[str]:
    """The configuration under which an aggregator judges as the script says."""
    head, most = named(lines[0]), int(named(lines[0])["most"]) // 1000
    conversions = [f"{words['symbol']}@{words['venue']}" for words in map(named, lines) if words.keys() == {"symbol", "venue"}]
    keys = {
        "arbitrage.min_edge_bps": text(Decimal(head["edge"]) * 10_000),
        "arbitrage.max_edge_bps": "0",
        "arbitrage.min_value": head["value"],
        "arbitrage.min_duration_ms": int(head["duration"]) // 1000,
        "arbitrage.update_interval_ms": int(head["interval"]) // 1000,
        "arbitrage.book_levels": head["levels"],
        "arbitrage.conversions": ",".join(conversions),
        "aggregator.heartbeat_ms": int(head["heartbeat"]) // 1000,
        "aggregator.leg_max_age_ms": most,
        "aggregator.leg_min_age_ms": most,
    }
    return [word for key, value in keys.items() if value != "" for word in ("--set", f"{key}={value}")]


def record(topic: str, key: str, value: Optional[dict[str, Any]]) -> str:
    """One line of a file of records."""
    return json.dumps({"topic": topic, "key": key, "value": value}, separators=(",", ":"))


def _head(schema: str, words: dict[str, str]) -> dict[str, Any]:
    exchange = words.get("exchange")
    return {
        "schema": schema, "venue": words["venue"], "symbol": words["symbol"], "venue_symbol": words["symbol"],
        "feed": words.get("feed", f"f-{words['venue']}"), "epoch": int(words.get("epoch", "1")),
        "exchange_us": int(exchange) if exchange else None, "received_us": int(words.get("received", words["now"])),
        "published_us": int(words["now"]), "seq": int(words.get("seq", "1")),
    }  # fmt: skip


def _levels(words: dict[str, str], side: str) -> list[list[str]]:
    return [part.split(":") for part in words.get(side, "").split(",") if part]


def _instrument(words: dict[str, str]) -> str:
    if "kind" not in words:
        return record("ref.instrument.v1", f"{words['venue']}:{words['symbol']}", None)
    value = {
        "schema": "instrument.v1", "venue": words["venue"], "market": words["kind"].split("_")[0],
        "symbol": words["symbol"], "venue_symbol": words["symbol"], "published_us": int(words["now"]),
        "feed": f"f-{words['venue']}", "kind": words["kind"], "base": words["base"], "quote": words["quote"],
        "settle": words["quote"], "expiry_us": None, "tick_size": None, "lot_size": words.get("lot"),
        "min_size": words.get("minsize"), "min_notional": words.get("minvalue"), "contract_size": words.get("contract"),
        "status": "trading", "maker_fee": None, "taker_fee": words["taker"],
    }  # fmt: skip
    return record("ref.instrument.v1", f"{words['venue']}:{words['symbol']}", value)


def _book(words: dict[str, str]) -> str:
    value = _head("book.v1", words) | {
        "venue_seq": None, "venue_prev_seq": None, "kind": words["kind"], "book_epoch": int(words["epoch"]), "depth": 100,
        "horizon_bid": words.get("hb"), "horizon_ask": words.get("ha"),
        "bids": _levels(words, "bids"), "asks": _levels(words, "asks"),
    }  # fmt: skip
    if words["kind"] == "invalid":
        value |= {"bids": [], "asks": [], "horizon_bid": None, "horizon_ask": None, "reason": "gap"}
    return record("md.book.v1", words["symbol"], value)


def _funding(words: dict[str, str]) -> str:
    value = _head("funding.v1", words) | {
        "rate": words.get("rate"), "next_funding_us": int(words["next"]) if "next" in words else None,
        "interval_us": None, "mark": words.get("mark"), "index": None,
    }  # fmt: skip
    return record("md.funding.v1", words["symbol"], value)


def _status(words: dict[str, str]) -> str:
    value = {
        "schema": "feed_status.v1", "feed": words["feed"], "venue": words["feed"][2:], "published_us": int(words["now"]),
        "state": "live", "ready": True, "connections": [], "streams": [],
        "totals": {"frames": 0, "records": 0, "dead_letters": 0, "reconnects": 0},
    }  # fmt: skip
    return record("sys.feed_status.v1", words["feed"], value)


def records(lines: list[str]) -> Iterator[str]:
    """The script's events as records, in their order."""
    makers = {"facts": _instrument, "book": _book, "funding": _funding, "alive": _status}
    for line in lines:
        maker = makers.get(line.split(" ", 1)[0])
        if maker:
            yield maker(named(line))


def as_replayed(lines: list[str]) -> list[str]:
    """The script with the passing of time as `aggregator --replay` lets it pass, for the oracle: in steps of 25 ms between
    records that tell the time (a tombstone does not), and a second more at the end. A stream that begins after its feed's last
    word tells that the feed lives."""
    result, now, beats = [lines[0]], None, dict[str, int]()

    def go(to: int) -> None:
        nonlocal now
        step = max(STEP, (to - now) // STEPS)
        while now < to:
            result.append(f"tick now={now}")
            now = min(now + step, to)

    for line in lines[1:]:
        word, words = line.split(" ", 1)[0], named(line)
        if word == "conversion":
            result.append(line)
        if word not in ("facts", "book", "funding", "alive"):
            continue
        time = int(words["now"])
        if word == "facts" and "kind" not in words:
            time = now or 0
        now = time if now is None else now
        go(max(time, now))
        line = line.replace(f"now={words['now']}", f"now={now}")
        if word == "alive":
            beats[words["feed"]] = max(beats.get(words["feed"], now), now)
        if word == "book" and beats.get(words["feed"], now) < int(words["epoch"]):
            beats[words["feed"]] = min(int(words["epoch"]), now)
            result.append(f"alive now={beats[words['feed']]} feed={words['feed']}")
        result.append(line)
    go(now + REST)
    return [*result, f"tick now={now}", f"close now={now}"]


def _shown(words: list[str]) -> str:
    return ",".join(words)


def oracle_line(step: str) -> str:
    """What of an oracle's step a record tells too: of a late taker's the time is not told, of a fill not the best size."""
    state, reason, name, *rest = step.split(" ")
    fields = dict(word.split("=", 1) for word in rest)
    fills = ["/".join([*fill.split("/")[:3], fill.split("/")[4]]) for fill in fields["fills"].split(",")]
    fields["fills"] = _shown(fills)
    if state == "settle":
        del fields["at"]
    return " ".join([state, reason, name, *(f"{key}={value}" for key, value in sorted(fields.items()))])


def record_line(value: dict[str, Any]) -> str:
    """An `arb.opportunity.v1` record in the same form."""

    def plain(figure: Any) -> str:
        return "-" if figure is None else str(figure)

    name, _, opened = value["id"].rpartition(":")
    legs = value["legs"]
    fields = {
        "opened": opened, "at": value["published_us"], "duration": value["duration_us"], "size": value["size"],
        "cost": value["cost"], "profit": value["profit"], "funding": plain(value["funding"]), "edge": value["edge_bps"],
        "peak": value["peak_edge_bps"], "peaked": value["peak_us"], "most": value["peak_profit"],
        "mean": value["mean_edge_bps"],
        "legs": _shown([f"{leg['age_us']}/{plain(leg['skew_us'])}" for leg in legs]),
        "fills": _shown([f"{leg['size']}/{leg['value']}/{leg['price']}/{leg['worst_price']}" for leg in legs]),
        "curve": _shown(["/".join(point) for point in value["curve"]]),
        "takers": _shown([f"{taker['latency_us']}/{plain(taker['earned'])}" for taker in value["takers"]]),
    }  # fmt: skip
    if value["state"] == "settle":
        del fields["at"]
    rest = (f"{key}={value}" for key, value in sorted(fields.items()))
    return " ".join([value["state"], plain(value["reason"]), name, *rest])
