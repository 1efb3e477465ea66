# Part of MarketBus. Apache License 2.0, see LICENSE.
"""A soak: four feeds under 5,000 messages a second and random faults. Memory is flat, and nothing goes untold.

`SOAK_SECONDS` (120), `SOAK_RATE` (5000), `SOAK_SEED` (1), `SOAK_VENUES` (all four). Every venue has one fault at a time, chosen at
random, and the next when it is over; a fault that must be told and is not within its time is undetected.
"""

import json
import os
import random
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, Optional

import pytest

import programs
from drills.soaking import BOOK, MARKETS, TROUBLES, Ear, MemoryLog, Trouble, verify, witness
from harness.feed import Feed, feed_settings
from harness.report import REPORT
from harness.stage import Stage, need
from harness.waiting import eventually

pytestmark = pytest.mark.soak
SECONDS = float(os.environ.get("SOAK_SECONDS", "120"))
RATE = int(os.environ.get("SOAK_RATE", "5000"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
VENUES = tuple(os.environ.get("SOAK_VENUES", "binance okx htx coinbase").split())
COINS = ("BTC", "ETH", "SOL", "XRP")
TOLD_WITHIN_S = 25
READY_WITHIN_S = 60
PATIENCE_MS = 10_000
# What makes a stream pause for long, and for how long a watch remembers its longest pause.
PAUSES = ("silence_stream", "half_open")
LEARNED_S = 600
LOST = ("incident connection_lost", "incident connection_silent")
# What a process may take more of its own an hour at the end of a long soak; short ones still grow into their buffers.
SLOPE_MB_PER_HOUR = 8.0
SLOPE_FROM_SECONDS = 1500
SETTINGS = {
    "feed__silence_ms": 6000,
    "feed__first_message_ms": 8000,
    "feed__backoff_min_ms": 100,
    "feed__backoff_max_ms": 1000,
    "feed__instruments_refresh_ms": 20000,
}
CHANNELS = ["trade", "bbo", "book", "candle", "ticker", "funding", "open_interest", "liquidation"]


class Tormentor:
    """One venue's faults, one after the other, until the time is over."""

    def __init__(self, venue: str, feed: Feed, instance: str, twin: Any, ear: Ear) -> None:
        self.venue, self.feed, self.instance, self.twin, self.ear = venue, feed, instance, twin, ear
        self.noise = random.Random(f"{SEED}-{venue}")
        self.injected: Counter[str] = Counter()
        self.told: Counter[str] = Counter()
        self.missed: list[str] = []
        self.masked: list[str] = []
        self.paused_at = 0.0
        self.longest = 0.0
        self.problem: str = ""
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self, until: float) -> None:
        """Begins."""
        self.until = until
        self.thread.start()

    def _run(self) -> None:
        try:
            while time.monotonic() < self.until:
                self._inflict(self.noise.choice([t for t in TROUBLES if self.venue in t.venues]))
                time.sleep(self.noise.uniform(0.5, 2.5))  # calm between two faults
        except Exception as problem:  # noqa: BLE001 the test's thread says it
            self.problem = f"{self.venue}: {type(problem).__name__}: {problem}"

    def _inflict(self, trouble: Trouble) -> None:
        began = time.time()
        # Whatever waits for a frame of its kind does not wait for ever.
        fields = {"duration_ms": PATIENCE_MS, **trouble.fields}
        answer = self.twin.fault(trouble.kind, venue=self.venue, **fields)
        if trouble.then_cut:
            answer["matched"] = self.twin.fault("cut", venue=self.venue)["matched"]
        name = f"{trouble.kind}{'+cut' if trouble.then_cut else ''}"
        told, touched, active = False, None, True
        reason = self._mask(trouble, began)
        while time.time() < began + TOLD_WITHIN_S and (active or not told):
            told = told or any(s.kind.startswith(trouble.signs) for s in self.ear.signs(self.instance, began))
            entry = self._active(answer["id"])
            active, touched = entry is not None, entry["touched"] if entry else touched
            if not active and (not trouble.signs or touched == 0):
                break
            time.sleep(0.05)
        seconds = time.time() - began
        if told or not trouble.signs:
            self.injected[name] += 1
            self.told[name] += 1
            self.longest = max(self.longest, seconds if trouble.signs else 0)
        elif answer["matched"] and touched != 0:
            self.injected[name] += 1
            what = f"{self.venue} {name} {trouble.fields} at {time.strftime('%H:%M:%S', time.gmtime(began))}"
            reason = reason or self._mask(trouble, began)
            (self.masked if reason else self.missed).append(f"{what}: {reason}" if reason else what)
        if trouble.kind in PAUSES:
            self.paused_at = time.time()
        eventually(f"{self.venue} is ready after {name}", lambda: self.feed.get("/ready")[0] == 200, READY_WITHIN_S, 0.2)

    def _mask(self, trouble: Trouble, began: float) -> str:
        """Why nobody could tell the fault; empty where it must be told."""
        if trouble.signs == BOOK:
            if (at := self.ear.replaced(self.instance)) > began - 1:
                # Both connections carry every frame, and the fault hits that of one.
                return f"a connection was being replaced at {at - began:+.1f} s"
            down = self.ear.books_down(self.instance)
            # The fault hits one frame, and of a book that does not hold no frame can be wrong.
            return "; ".join(f"{symbol} was down since {at - began:+.1f} s ({why})" for symbol, (at, why) in down.items())
        if trouble.signs == ("dead_letter",) and time.time() - began > 1:
            dead = [s for s in self.ear.signs(self.instance, began) if s.kind.startswith(LOST) and s.at < began + 5]
            if dead:
                return f"the frame was on a connection that was dead: {dead[0].kind} at {dead[0].at - began:+.1f} s"
        if trouble.kind == "silence_stream" and time.time() - self.paused_at < LEARNED_S:
            return f"a pause ended {began - self.paused_at:.0f} s before: the watch waits for four times the longest one"
        return ""

    def _active(self, fault: int) -> Optional[dict[str, Any]]:
        """The fault while it is in force."""
        return next((entry for entry in self.twin.control("GET", "/faults")["active"] if entry["id"] == fault), None)


def test_memory_is_flat_and_no_incident_goes_untold(stage: Stage, lab: Any) -> None:
    need("marketbus", *(f"{venue}-feed" for venue in VENUES))
    twin = stage.twin("--rate", str(RATE), "--symbols", "8", "--seed", str(SEED), "--no-limits", name="twin", frames=False)
    ear = stage.keep(Ear(lab.bootstrap))
    symbols = [f"{coin}-USDT{kind}" for coin in COINS for kind in ("", "-PERP")]
    feeds, tormentors = {}, []
    for venue in VENUES:
        wanted = [f"{coin}-USD" for coin in COINS] if venue == "coinbase" else symbols
        markets = {"binance": ["spot", "usdm"], "okx": ["spot", "swap"], "htx": ["spot", "linear"]}.get(venue, ["spot"])
        instance = f"soak-{venue}"
        settings = feed_settings(venue, instance, lab, twin.endpoints(venue), markets, wanted, **SETTINGS)
        settings[f"venues.{venue}.channels"] = CHANNELS
        feeds[venue] = stage.feed(venue, settings)
        tormentors.append(Tormentor(venue, feeds[venue], instance, twin, ear))
    for feed in feeds.values():
        feed.wait_ready(60)
    began, sent = time.monotonic(), twin.stats()["frames"]
    memory = stage.keep(MemoryLog({**{f"{v}-feed": f for v, f in feeds.items()}, "twin": twin.program}))
    for tormentor in tormentors:
        tormentor.start(began + SECONDS)
    for tormentor in tormentors:
        tormentor.thread.join(SECONDS + 4 * READY_WITHIN_S)
    memory.close()
    took = time.monotonic() - began
    rate = (twin.stats()["frames"] - sent) / took
    for venue, feed in feeds.items():
        (stage.folder / f"{venue}.metrics").write_text(feed.get("/metrics")[1], encoding="utf-8")
    codes = {venue: feed.stop() for venue, feed in feeds.items()}
    program = programs.binary("marketbus")
    assert isinstance(program, Path)
    verdict, findings, bad = verify(program, lab.bootstrap, subprocess.run)
    for line in bad[:3] if findings["unexplained"] else []:
        with (stage.folder / "unexplained.log").open("a", encoding="utf-8") as log:
            log.write("\n".join([line, *witness(lab.bootstrap, json.loads(line)), ""]))
    report(tormentors, memory, ear, took, rate, findings, verdict)
    problems = [t.problem for t in tormentors if t.problem] + [m for t in tormentors for m in t.missed]
    problems += [f"{venue}-feed ended with {code}" for venue, code in codes.items() if code != 0]
    if SECONDS >= SLOPE_FROM_SECONDS:
        problems += [
            f"{name} grows by {memory.slope(name):.1f} MB an hour"
            for name in memory.samples
            if name != "twin" and memory.slope(name) > SLOPE_MB_PER_HOUR
        ]
    assert not problems and verdict == 0, "\n".join([*problems, f"verify: {verdict}", *(line[:600] for line in bad[:5])])


def report(
    tormentors: list[Tormentor],
    memory: MemoryLog,
    ear: Ear,
    took: float,
    rate: float,
    findings: Counter[str],
    verdict: int,
) -> None:
    """The figures as tables."""
    for tormentor in tormentors:
        name = f"{tormentor.venue}-feed"
        sizes = memory.resident(name)
        REPORT.add(
            f"soak of {took:.0f} s at {rate:.0f} frames/s",
            feed=name,
            injected=sum(tormentor.injected.values()),
            told_or_harmless=sum(tormentor.told.values()),
            masked=len(tormentor.masked),
            undetected=len(tormentor.missed),
            told_after_s_at_most=tormentor.longest,
            resident_mb_half=sizes[len(sizes) // 2] if sizes else 0.0,
            resident_mb_end=sizes[-1] if sizes else 0.0,
            anonymous_mb_by_tenths=memory.tenths(name),
            anonymous_slope_mb_per_hour=memory.slope(name),
        )
    kinds = sum((t.injected for t in tormentors), Counter())
    REPORT.add(
        "soak: what was published, and proven",
        records=sum(ear.records[topic] for topic in MARKETS),
        streams_complete=findings["complete"],
        streams_with_explained_holes=findings["explained"],
        streams_with_unexplained_holes=findings["unexplained"],
        verify_exit=verdict,
        audits_equal=ear.incidents["book_audit"],
        audits_failed=ear.incidents["book_audit_failed"],
    )
    REPORT.add("soak: faults by kind", faults=", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
