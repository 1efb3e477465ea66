#!/usr/bin/env python3
# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Writes the seeds of a libFuzzer target into a folder.

usage: corpus.py TARGET FOLDER

Frames come from the recordings (MARKETBUS_RECORDED_DATA) and from the twin, where its program and those of the feeds are
built (MARKETBUS_BIN); golden records and documents of the project are always there. Nothing of it is checked in.
"""

import gzip
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from typing import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORDED = os.environ.get("MARKETBUS_RECORDED_DATA", "")
BIN = pathlib.Path(os.environ.get("MARKETBUS_BIN", ROOT / ".build" / "release"))
LONGEST = 12_000
SEEDS = 1_500
VENUES = ("binance", "okx", "htx", "coinbase", "gateway")
CHANNELS = "trade,bbo,book,candle,ticker,funding,open_interest,liquidation"
TWIN_SECONDS = 6
RECORD_TOPICS = (
    "md.trade md.bbo md.book md.candle md.ticker md.funding md.liquidation ref.instrument ctl.subscription agg.quote "
    "arb.opportunity sys.integrity sys.feed_status"
).split()


def messages(path: pathlib.Path) -> Iterator[str]:
    """The frames or bodies of a recorded file."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if isinstance(value, dict) and isinstance(value.get("msg"), str):
            if value.get("dir", "in") in ("in", "http"):
                yield value["msg"]
        else:
            yield line


def recorded(venue: str) -> list[str]:
    """Frames from all over a venue's recordings, each kind as often as the others."""
    if not RECORDED:
        return []
    found = []
    for path in sorted(pathlib.Path(RECORDED, venue).rglob("*.jsonl")):
        if "rest" in path.parts or ".expected." in path.name:
            continue
        lines = [text for text in messages(path) if 0 < len(text) <= LONGEST and "\n" not in text]
        found += lines[:: max(1, len(lines) // 150)]
    return found


def from_twin() -> dict[str, list[str]]:
    """What the twin sends to feeds of all channels within some seconds, by venue."""
    needed = ["exchange-twin", "marketbus", *(f"{venue}-feed" for venue in VENUES)]
    if any(not (BIN / name).is_file() for name in needed):
        return {}
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MARKETBUS_", "KAFKA_"))}
    with tempfile.TemporaryDirectory() as folder:
        log, token = pathlib.Path(folder, "sent.jsonl"), pathlib.Path(folder, "token")
        token.write_text("twin-csrf-token", encoding="utf-8")
        started: list[subprocess.Popen] = []

        def start(*command: object) -> subprocess.Popen:
            process = subprocess.Popen(
                [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                env=environment,
            )
            started.append(process)
            return process

        try:
            twin = start(BIN / "exchange-twin", "--log", log, "--log-frames", "--rate", 3000, "--symbols", 4)
            endpoints = json.loads(twin.stdout.readline())["endpoints"]
            broker = start(BIN / "marketbus", "broker", "--port", 0)
            servers = json.loads(broker.stdout.readline())["bootstrap_servers"]
            for venue in VENUES:
                settings = {"kafka.bootstrap_servers": servers, "kafka.embedded": "true", "http.port": 0}
                settings[f"venues.{venue}.channels"] = CHANNELS if venue != "gateway" else "trade,bbo,candle"
                settings |= {f"venues.{venue}.endpoints.{name}": url for name, url in endpoints[venue].items()}
                if venue == "gateway":
                    settings["venues.gateway.csrf_token_file"] = token
                start(BIN / f"{venue}-feed", *(part for k, v in settings.items() for part in ("--set", f"{k}={v}")))
            time.sleep(TWIN_SECONDS)  # what is sent meanwhile is the corpus
        finally:
            for process in reversed(started):
                process.terminate()
            for process in started:
                process.wait(15)
        found: dict[str, list[str]] = {venue: [] for venue in VENUES}
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            frame = entry.get("frame")
            if isinstance(frame, str) and entry.get("venue") in found and len(frame) <= LONGEST:
                found[entry["venue"]].append(frame)
    return found


def documented(venue: str) -> list[str]:
    """The JSON of the project's own protocol page."""
    if venue != "gateway":
        return []
    text = (ROOT / "deploy" / "docs" / "gateway-protocol.md").read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if re.match(r"\s*\{.*\}\s*$", line)]


def decoder_seeds(target: str, noise: random.Random) -> list[bytes]:
    """Some frames of one connection behind the byte that chooses market and memory."""
    venue = target.split("-")[0]
    old, new = recorded(venue) + documented(venue), from_twin().get(venue, [])
    new = new[:: max(1, len(new) // SEEDS)]
    if target == "coinbase-advanced":
        old = [frame for frame in old if '"channel"' in frame]
    seeds = []
    for frames in (old, new):
        for start, frame in enumerate(frames):
            group = frames[start : start + noise.choice((1, 1, 1, 2, 4))] if len(frame) < 3000 else [frame]
            seeds.append(bytes([noise.randrange(256)]) + "\n".join(group).encode()[: LONGEST + 4000])
    return seeds


def answer_seeds(noise: random.Random) -> list[bytes]:
    """Recorded REST bodies; which venue and question they belong to is found by trying."""
    names = ["binance", "okx", "htx", "coinbase", "coinbase", "gateway"]
    seeds = []
    for venue in VENUES[:4]:
        for path in sorted(pathlib.Path(RECORDED, venue, "rest").glob("*.jsonl")) if RECORDED else []:
            for body in list(messages(path))[:80]:
                question = 15 if any(w in body[:4000] for w in ("symbols", "instType", "contract_code")) else 0
                first = names.index(venue) + 6 * noise.randrange(8)
                for number in {question, noise.randrange(7)}:
                    seeds.append(bytes([first, 128 + number]) + body.encode()[:LONGEST])
    return seeds


def record_seeds() -> list[bytes]:
    """The golden records of the unit tests."""
    folder = ROOT / "Tests" / "Unit" / "WireTests" / "Golden"
    seeds = []
    for number, topic in enumerate(RECORD_TOPICS):
        for line in (folder / f"{topic}.v1.jsonl").read_text(encoding="utf-8").splitlines():
            value = json.loads(line)
            body = json.dumps(value["value"], separators=(",", ":")) if "value" in value else line
            seeds += [bytes([number]) + body.encode(), bytes([number]) + line.encode()]
    return seeds


def book_seeds(noise: random.Random) -> list[bytes]:
    """Short scripts: limits, and then mostly increments with a snapshot early."""
    seeds = []
    for venue in range(8):
        for _ in range(40):
            head = [venue] + [noise.randrange(256) for _ in range(5)]
            steps = [0x10, 20, 9, 0x0C]
            for _ in range(noise.randrange(5, 40)):
                steps += [noise.choice((0x10, 0x10, 0x20, 0x30, 0x06, 0x0C, noise.randrange(256)))]
                steps += [noise.randrange(48), noise.randrange(256)]
            seeds.append(bytes(head + steps))
    return seeds


def texts() -> list[bytes]:
    """Some texts as sockets carry them."""
    frames = [b"", b"{}", b'{"ping":1492420473027}', b'{"ch":"market.btcusdt.bbo","tick":{"ask":1.5}}' * 40]
    return frames + [frame.encode()[:8192] for frame in recorded("htx")[:100]]


def message_seeds(noise: random.Random) -> list[bytes]:
    """Plain messages, and such as permessage-deflate packs them: raw deflate without the last four bytes."""
    seeds = []
    for text in texts():
        packer = zlib.compressobj(wbits=-15)
        packed = packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)
        cut = noise.randrange(256)
        seeds += [bytes([noise.randrange(256), 0, cut]) + text, bytes([noise.randrange(256), 1, cut]) + packed[:-4]]
    return seeds


def compression_seeds() -> list[bytes]:
    """Frames as the venues pack them."""
    seeds = []
    for text in texts():
        packed = gzip.compress(text, mtime=0)
        seeds += [b"\0\1" + packed, b"\0\0" + packed + packed, b"\2\1" + zlib.compress(text)]
        if shutil.which("zstd"):
            done = subprocess.run(["zstd", "-qc"], input=text, capture_output=True, check=True)
            seeds.append(b"\3\7" + done.stdout)
    return seeds


def main() -> int:
    """The command."""
    target, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    noise = random.Random(1)
    made = {
        "answers": lambda: answer_seeds(noise), "records": record_seeds, "book": lambda: book_seeds(noise),
        "message": lambda: message_seeds(noise), "compression": compression_seeds,
    }.get(target, lambda: decoder_seeds(target, noise))()
    for number, seed in enumerate(made):
        (folder / f"seed-{number:05}").write_bytes(seed)
    print(f"corpus: {len(made)} seeds in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
