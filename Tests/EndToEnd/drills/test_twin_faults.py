# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Every fault of the twin: told in-band, survived, and nothing doubled or silently lost; the times as a table."""

import time
from dataclasses import dataclass, field
from typing import Any, Optional

import pytest

from drills.load import Load
from harness.checks import (
    log_problems,
    repeated_identities,
    repeated_trades,
    schema_problems,
    sequence_problems,
)
from harness.report import REPORT, drill_count
from harness.stage import Stage, need
from harness.waiting import eventually, quiet

pytestmark = pytest.mark.drill
RATE = 1000
SILENCE_MS = 2000
SETTINGS = {
    "feed__silence_ms": SILENCE_MS,
    "feed__first_message_ms": SILENCE_MS,
    "feed__backoff_min_ms": 100,
    "feed__backoff_max_ms": 1000,
    "feed__instruments_refresh_ms": 1000,
}
BBO = {"binance": "btcusdt@bookTicker", "okx": "bbo-tbt:BTC-USDT"}
TRADE = {"binance": "btcusdt@trade", "okx": "trades:BTC-USDT"}
# Limits of waits, for a busy machine too; how long it took is in the report.
RECOVERY_S = 60


@dataclass(frozen=True)
class Drill:
    """One fault: how it is asked for, and by which record the feed must tell it (None: data just goes on, whole).

    A connection that says that it will end is handed over: that is told by a planned note, and nothing is invalid.
    """

    name: str
    kind: str
    sign: Optional[str]
    fields: dict[str, Any] = field(default_factory=dict)
    stream: Optional[dict[str, str]] = None
    then_cut: bool = False
    within_s: int = RECOVERY_S
    once: bool = False
    venues: tuple[str, ...] = ("binance", "okx")


DRILLS = [
    Drill("cut (RST)", "cut", "invalid"),
    Drill("cut (FIN)", "cut", "invalid", {"mode": "fin"}),
    Drill("close frame 1001", "close_code", "invalid", {"code": 1001}),
    Drill("half-open", "half_open", "invalid", {"duration_ms": 6000}),
    Drill("one stream silent", "silence_stream", "invalid", {"duration_ms": 2 * SILENCE_MS}, BBO),
    Drill("ack without data", "ack_without_data", "invalid", {"duration_ms": 2 * SILENCE_MS}, BBO, then_cut=True),
    Drill("garbage frame", "garbage_frame", "dead_letter"),
    Drill("truncated JSON", "truncated_json", "dead_letter", {"count": 3}, BBO),
    Drill("truncated frame", "truncated_frame", "invalid", {"count": 1}, BBO),
    Drill("bad number", "bad_number", "dead_letter", {"count": 3}, TRADE),
    Drill("huge frame", "huge_frame", "invalid"),
    Drill("slow drip", "slow_drip", None, {"count": 3}, BBO),
    Drill("duplicates", "duplicate", None, {"count": 20}, TRADE),
    Drill("reordered", "reorder", None, {"count": 5}, TRADE),
    Drill("notice 64008", "notice", "handover", {"duration_ms": 2000}, venues=("okx",)),
    Drill("serverShutdown", "server_shutdown", "handover", {"duration_ms": 2000}, venues=("binance",)),
    Drill("refused", "refuse", "invalid", {"duration_ms": 3000}, then_cut=True),
    Drill("HTTP 429", "http_status", "invalid", {"status": 429, "retry_after": 1, "count": 2}, then_cut=True),
    Drill("HTTP 503", "http_status", "invalid", {"status": 503, "count": 3}, then_cut=True),
    Drill("REST 418", "http_status", "incident", {"status": 418, "retry_after": 2, "count": 1, "target": "rest"}),
    Drill("slow REST", "http_latency", None, {"delay_ms": 3000, "count": 2}),
    # A ban lasts two minutes or more (sheet, section 5) and the client does not see a handshake's Retry-After: once.
    Drill("HTTP 418", "http_status", "invalid", {"status": 418, "count": 1}, then_cut=True, within_s=240, once=True),
]


@pytest.mark.parametrize("run", range(drill_count()))
@pytest.mark.parametrize("venue", ["binance", "okx"])
def test_every_fault_is_told_and_survived(stage: Stage, venue: str, run: int) -> None:
    need("marketbus")
    load = Load(stage, stage.broker("embedded"), venue, RATE, seed=400 + run, **SETTINGS)
    load.flowing(RATE)
    failures = []
    for drill in DRILLS:
        if venue in drill.venues and not (drill.once and run > 0):
            try:
                perform(load, drill, run)
            except AssertionError as failure:
                failures.append(f"{drill.name}: {failure}")
                failed = {"told_by": "FAILED", "told_s": "-", "back_s": "-"}
                REPORT.add("twin faults", fault=drill.name, venue=venue, run=run + 1, **failed)
        assert load.feed.running, f"{drill.name} ended the feed: {load.feed.process.returncode}"
    failures += what_is_wrong(load)
    failures += log_problems(load.twin.expected(venue, load.book), load.records())
    assert not failures, "\n".join(failures[:20])


@dataclass(frozen=True)
class Ending:
    """How a venue ends its connections, and what of it the feed is told before."""

    symbols: list[str]
    markets: list[str]
    channels: list[str]
    sign: str


ENDINGS = {
    # The notification sockets say it (op close), those of the markets close without a word.
    "htx": Ending(["BTC-USDT", "BTC-USDT-PERP"], ["spot", "linear"], ["trade", "bbo", "funding"], "invalid"),
    "coinbase": Ending(["BTC-USD", "ETH-USD"], ["spot"], ["trade", "bbo"], "invalid"),
    "gateway": Ending(["BTC-USDT", "ETH-USDT"], ["spot"], ["trade", "bbo"], "handover"),
}


@pytest.mark.parametrize("run", range(drill_count()))
@pytest.mark.parametrize("venue", ENDINGS)
def test_connections_that_the_venue_ends(stage: Stage, venue: str, run: int) -> None:
    need("marketbus")
    ending = ENDINGS[venue]
    named = {f"venues__{venue}__markets": ending.markets, f"venues__{venue}__channels": ending.channels}
    if venue == "gateway":
        token = stage.folder / "token"
        token.write_text("twin-csrf-token", encoding="utf-8")
        named["venues__gateway__csrf_token_file"] = str(token)
    load = Load(stage, stage.broker("embedded"), venue, RATE, 500 + run, ending.symbols, **SETTINGS, **named)
    load.flowing(RATE)
    perform(load, Drill("notice", "notice", ending.sign, {"duration_ms": 2000}, venues=(venue,)), run)
    failures = what_is_wrong(load)
    assert not failures, "\n".join(failures[:20])


def what_is_wrong(load: Load) -> list[str]:
    """Stops the feed and looks at all that it published."""
    assert load.feed.stop() == 0
    quiet(load.market_count, silence=1.5, within=30)
    read = load.records()
    return (
        sequence_problems(read)
        + repeated_identities(read)
        + repeated_trades(read)
        + schema_problems(record for record in read if record.topic.startswith("sys."))
    )


def perform(load: Load, drill: Drill, run: int) -> None:
    """One fault: when it was told, and when every stream is live again after it is over."""
    fields = dict(drill.fields)
    if drill.stream is not None:
        fields["stream"] = drill.stream[load.venue]
    seen = len(load.reader.records())
    began = time.time()
    load.twin.fault(drill.kind, venue=load.venue, **fields)
    if drill.then_cut:
        load.twin.fault("cut", venue=load.venue)
    told = None
    if drill.sign is not None:
        told = eventually(f"the feed tells {drill.sign}", lambda: sign(load, drill.sign, seen), within=RECOVERY_S)
    else:
        eventually("the fault is over", lambda: not load.twin.control("GET", "/faults")["active"], within=RECOVERY_S)
    mark = told.read_at if told else time.time()
    back = eventually("every stream live again", lambda: all_live(load, mark), within=drill.within_s, every=0.2)
    eventually("the fault is over", lambda: not load.twin.control("GET", "/faults")["active"], within=RECOVERY_S)
    over = time.time()
    eventually("every stream live after it", lambda: all_live(load, over), within=drill.within_s, every=0.2)
    if drill.sign == "handover":
        broken = sign(load, "invalid", seen)
        assert broken is None, f"invalid during a hand-over: {broken.value if broken else None}"
    REPORT.add(
        "twin faults",
        fault=drill.name,
        venue=load.venue,
        run=run + 1,
        told_by=describe(told),
        told_s=told.read_at - began if told else "-",
        back_s=back - began,
    )


def sign(load: Load, kind: Optional[str], seen: int) -> Optional[Any]:
    """The first record since the fault by which the feed tells it."""
    for record in load.reader.records()[seen:]:
        value = record.value if isinstance(record.value, dict) else {}
        if value.get("feed") != load.instance:
            continue
        if kind == "invalid" and record.topic == "md.bbo.v1" and value["state"] == "invalid":
            return record
        if kind == "incident" and record.topic == "sys.integrity.v1" and value["incidents"]:
            return record
        if kind == "handover" and record.topic == "sys.integrity.v1":
            if any(incident["kind"] == "handover_begun" for incident in value["incidents"]):
                return record
        if kind == "dead_letter" and record.topic == "sys.dead_letter.v1":
            return record
    return None


def all_live(load: Load, mark: float) -> Optional[float]:
    """When the last of the quote streams became live for good after a moment; None while one is not."""
    since: dict[str, float] = {}
    ended: set[str] = set()
    for record in reversed(load.records("md.bbo.v1")):
        if record.read_at <= mark:
            break
        symbol = record.value["symbol"]
        if record.value["state"] == "invalid":
            ended.add(symbol)
        elif symbol not in ended:
            since[symbol] = record.read_at
    return max(since.values()) if since.keys() >= set(load.symbols) else None


def describe(record: Optional[Any]) -> str:
    if record is None:
        return "(goes on)"
    kinds = [incident["kind"] for incident in record.value.get("incidents", ())][:1]
    return f"{record.topic.split('.')[1]} {record.value.get('reason', '')}{''.join(kinds)}".strip()
