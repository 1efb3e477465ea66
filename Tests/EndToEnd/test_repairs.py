# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Every connection is away for some seconds while the markets trade: what was missed comes late, all of it, once."""

import json
import subprocess
from collections import defaultdict
from typing import Any

import programs
from harness.checks import repeated_identities, sequence_problems
from harness.feed import feed_settings
from harness.process import http_request
from harness.records import Consumed, Reader
from harness.stage import Stage, need
from harness.twin import Twin
from harness.waiting import eventually, quiet

VENUES = {
    "binance": (["spot", "usdm"], ["BTC-USDT", "ETH-USDT", "BTC-USDT-PERP"], ["trade", "bbo"]),
    "okx": (["spot", "swap"], ["BTC-USDT", "ETH-USDT", "BTC-USDT-PERP"], ["trade", "bbo", "candle"]),
    "htx": (["spot", "linear"], ["BTC-USDT", "BTC-USDT-PERP"], ["trade", "bbo", "open_interest"]),
    "coinbase": (["spot"], ["BTC-USD", "ETH-USD"], ["trade", "bbo"]),
    "gateway": (["spot", "linear"], ["BTC-USDT", "BTC-USDT-PERP"], ["trade", "bbo"]),
}
# Here every id is one trade, one after the other, so that nobody has to be asked what was traded.
ONE_BY_ONE = ("binance", "coinbase", "gateway")
AWAY_MS = 4000
TOPICS = ("md.trade.v1", "md.bbo.v1", "md.candle.v1", "md.open_interest.v1", "sys.integrity.v1", "sys.dead_letter.v1")


def test_what_a_cut_costs_comes_late(stage: Stage) -> None:
    need("exchange-twin", "marketbus", *(f"{venue}-feed" for venue in VENUES))
    broker = stage.broker("embedded")
    reader = stage.keep(Reader(broker.bootstrap, TOPICS))
    twin = stage.twin("--symbols", "2", "--rate", "250", "--seed", "11", "--crossed-every-ms", "0")
    feeds = {venue: start(stage, broker, twin, venue) for venue in VENUES}
    for feed in feeds.values():
        feed.wait_ready(40)
    wanted = sum(len(symbols) for _, symbols, _ in VENUES.values())
    eventually("trades of every stream", lambda: len(trades(reader)) == wanted, within=30, every=0.2)
    for venue in VENUES:
        twin.fault("refuse", venue=venue, duration_ms=AWAY_MS)
        # And when it may be asked again, it does not like to be at first.
        twin.fault("http_status", venue=venue, status=429, retry_after=1, count=2, target="rest")
        twin.fault("cut", venue=venue)
    eventually(
        "trades of every stream come late",
        lambda: len([stream for stream, values in trades(reader).items() if late(values)]) == wanted,
        within=60,
        every=0.2,
    )
    eventually("candles come late", lambda: late(reader.values("md.candle.v1")), within=30, every=0.2)
    twin.control("POST", "/pause")
    quiet(lambda: reader.count(*TOPICS[:2]), silence=2, within=30)
    records = reader.records()
    problems = (
        sequence_problems(records)
        + repeated_identities(records)
        + trade_problems(reader, twin)
        + candle_problems(reader)
        + account_problems(records)
        + [f"dead letter: {record.value}" for record in records if record.topic == "sys.dead_letter.v1"]
    )
    assert not problems, "\n".join(problems[:20])
    assert reader.count("md.open_interest.v1") > 0, "open interest that only REST has is polled"
    for feed in feeds.values():
        assert feed.stop() == 0
    report = verified(broker.bootstrap)
    assert all(row["not_repaired"] == [] for row in report)
    repaired = {(row["venue"], row["symbol"]) for row in report if row["topic"] == "md.trade.v1" and row["repaired"]}
    assert len(repaired) == wanted


def start(stage: Stage, broker: Any, twin: Twin, venue: str) -> Any:
    """A feed of a venue of the twin."""
    markets, symbols, channels = VENUES[venue]
    settings = feed_settings(venue, f"{venue}-cut", broker, twin.endpoints(venue), markets, symbols)
    settings[f"venues.{venue}.channels"] = channels
    settings["feed.poll_ms"] = 1000
    settings["feed.backoff_max_ms"] = 1000
    if venue == "okx":
        settings["venues.okx.candle_intervals"] = ["1s"]
    if venue == "gateway":
        token = stage.folder / "token"
        token.write_text("twin-csrf-token", encoding="utf-8")
        settings["venues.gateway.csrf_token_file"] = str(token)
    return stage.feed(venue, settings)


def late(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was fetched."""
    return [value for value in values if value.get("origin") == "rest"]


def trades(reader: Reader) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The trades of every stream, in order: by venue and symbol."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for value in reader.values("md.trade.v1"):
        found[(value["venue"], value["symbol"])].append(value)
    return found


def trade_problems(reader: Reader, twin: Twin) -> list[str]:
    """Trades that are missing, or that came twice without the venue having sent them twice."""
    problems = []
    for stream, values in trades(reader).items():
        ids = [int(value["trade_id"]) for value in values]
        # A venue may begin a connection with its last trade, once more.
        twice = [int(value["trade_id"]) for value in values if value["seq"] > 1 or value.get("origin") == "rest"]
        doubled = len(twice) - len(set(twice))
        low, high = min(ids), max(ids)
        told = set(range(low, high + 1)) if stream[0] in ONE_BY_ONE else asked(twin, stream[0], values[0])
        missing = {number for number in told if low <= number <= high} - set(ids)
        strange = set(ids) - told if stream[0] in ONE_BY_ONE else set()
        if missing or doubled or strange:
            text = f"{len(missing)} of {len(told)} missing {sorted(missing)[:5]}, {doubled} doubled, {len(strange)} strange"
            problems.append(f"{stream}: {text}")
    return problems


def asked(twin: Twin, venue: str, value: dict[str, Any]) -> set[int]:
    """The ids of the trades that a venue's own REST gives now."""
    symbol, endpoints = value["venue_symbol"], twin.endpoints(venue)
    if venue == "okx":
        url = f"{endpoints['rest']}/api/v5/market/trades?instId={symbol}&limit=500"
        return {int(row["tradeId"]) for row in answer(url)["data"]}
    spot = "-" not in symbol
    path = f"/market/history/trade?symbol={symbol}" if spot else f"/linear-swap-ex/market/history/trade?contract_code={symbol}"
    rows = answer(endpoints["spot_rest" if spot else "contracts_rest"] + path + "&size=1000")["data"]
    return {int(part["trade-id" if spot else "id"]) for row in rows for part in row["data"]}


def answer(url: str) -> Any:
    status, body = http_request("GET", url, timeout=10)
    assert status == 200, f"{url}: {status}"
    return json.loads(body)


def candle_problems(reader: Reader) -> list[str]:
    """Seconds without a closed candle, and candles that were closed twice without a revision."""
    problems = []
    closed: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for value in reader.values("md.candle.v1", closed=True):
        closed[value["symbol"]].append(value)
    for symbol, values in closed.items():
        opens = {value["open_us"] for value in values}
        wanted = set(range(min(opens), max(opens) + 1, 1_000_000))
        if opens != wanted:
            problems.append(f"{symbol}: candles of {sorted(wanted - opens)[:5]} are missing")
        if len({(value["open_us"], value["revision"]) for value in values}) != len(values):
            problems.append(f"{symbol}: a candle was closed twice")
    return problems if closed else ["no closed candle"]


def account_problems(records: list[Consumed]) -> list[str]:
    """Late records that no account names, and accounts of what is still missing."""
    problems, told = [], set()
    for record in records:
        if record.topic != "sys.integrity.v1":
            continue
        value = record.value
        for hole in value["holes"]:
            numbers = range(hole["first_seq"], hole["last_seq"] + 1) if hole["repaired"] else ()
            told.update((value["topic"], value["feed"], hole["symbol"], hole["epoch"], number) for number in numbers)
        problems += [
            f"announced: {incident}"
            for incident in value["incidents"]
            if incident["kind"] in ("trades_missing", "candles_missing")
        ]
    for record in records:
        value = record.value
        if record.topic in ("md.trade.v1", "md.candle.v1") and value.get("origin") == "rest":
            if (record.topic, value["feed"], value["symbol"], value["epoch"], value["seq"]) not in told:
                problems.append(f"no account of {record.topic} {value['symbol']} {value['seq']}")
    return problems


def verified(bootstrap: str) -> list[dict[str, Any]]:
    """What `marketbus verify` finds."""
    done = subprocess.run(
        [str(programs.binary("marketbus")), "verify", "--json", "--set", f"kafka.bootstrap_servers={bootstrap}"]
        + ["--set", "kafka.embedded=true"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
