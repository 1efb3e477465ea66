#!/usr/bin/env python3
# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Runs all benchmarks with their floors in the same minutes, prints one table and, with --record, dates it.

usage: run.py [--record] [--note TEXT] [--only frames,produce,books,normalize,market,decision,receive,start,feed,hops] [--seconds N]

Needs a release build. Recorded frames come from MARKETBUS_RECORDED_DATA; the two-hop latency needs an Apache Kafka,
named by KAFKA_BOOTSTRAP_SERVERS. What is missing is said and left out.
"""

import argparse
import gzip
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BIN = pathlib.Path(os.environ.get("MARKETBUS_BIN", ROOT / ".build" / "release"))
KINDS = (
    "bn_spot_bbo bn_spot_bbo_inner bn_fut_bbo bn_fut_bbo_inner bn_spot_trade bn_fut_trade bn_spot_aggtrade "
    "bn_fut_aggtrade bn_spot_depth bn_fut_depth bn_spot_kline bn_spot_ticker bn_fut_mark okx_trades okx_trades_now "
    "okx_bbo okx_bbo_now okx_books_now okx_tickers okx_candle okx_funding htx_trade htx_trade_gz htx_bbo_spot "
    "htx_bbo_spot_gz htx_bbo_linearswap htx_depth htx_depth_gz htx_kline_gz cb_match cb_ticker cb_l2update cb_adv_trades"
).split()
WARM_SECONDS = 40
SYMBOLS = ["BTC-USDT", "ETH-USDT", "SOL-USDT", "XRP-USDT", "BTC-USDT-PERP", "ETH-USDT-PERP"]


class Table:
    """What is printed and, if asked, written down."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str = "") -> None:
        print(line, flush=True)
        self.lines.append(line)


def run(*command: object, env: dict | None = None, timeout: float = 900) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=timeout, env=env, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-800:]}")
    return done.stdout


def figures(text: str) -> dict[str, tuple[float, float]]:
    """Kind -> (best, median) of the result lines, which floors and benchmarks print alike."""
    found = {}
    for line in text.splitlines():
        kind = line.split("\t")[1] if "\t" in line else ""
        best, median = re.search(r"best (\d+)", line), re.search(r"median (\d+)", line)
        if best and median:
            found[kind] = (float(best[1]), float(median[1]))
    return found


class Process:
    """A program of the suite, ended with the benchmark."""

    def __init__(self, name: str, *arguments: object, env: dict | None = None, reads_line: bool = False) -> None:
        self.log = tempfile.NamedTemporaryFile(prefix=f"bench-{name}-", suffix=".log", delete=False)
        self.process = subprocess.Popen(
            [str(BIN / name), *(str(part) for part in arguments)],
            stdout=subprocess.PIPE if reads_line else subprocess.DEVNULL,
            stderr=self.log,
            env={key: value for key, value in os.environ.items() if key != "KAFKA_BOOTSTRAP_SERVERS"} | (env or {}),
            text=True,
        )
        self.ready = json.loads(self.process.stdout.readline()) if reads_line else None

    def cpu_seconds(self) -> float:
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_megabytes(self) -> float:
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        os.unlink(self.log.name)


class Stage:
    """Twin, broker, feeds and aggregator as processes."""

    def __init__(self, rate: int, servers: str | None = None) -> None:
        self.processes: list[Process] = []
        self.twin = self.add(Process("exchange-twin", "--rate", rate, "--exit-with-parent", reads_line=True))
        if servers is None:
            self.broker = self.add(Process("marketbus", "broker", reads_line=True))
            self.servers, self.embedded = self.broker.ready["bootstrap_servers"], "true"
        else:
            self.servers, self.embedded = servers, "false"

    def add(self, process: Process) -> Process:
        self.processes.append(process)
        return process

    def common(self, port: int) -> list[str]:
        return [
            "--set", f"kafka.bootstrap_servers={self.servers}", "--set", f"kafka.embedded={self.embedded}",
            "--set", f"http.port={port}", "--set", "log.level=info",
        ]

    def feed(self, venue: str, port: int) -> Process:
        settings = self.common(port)
        for name, url in self.twin.ready["endpoints"][venue].items():
            settings += ["--set", f"venues.{venue}.endpoints.{name}={url}"]
        settings += ["--set", f"venues.{venue}.symbols={','.join(SYMBOLS)}"]
        return self.add(Process(f"{venue}-feed", *settings))

    def aggregator(self, port: int) -> Process:
        return self.add(Process("aggregator", *self.common(port)))

    def wait_subscribed(self, streams: int, limit: float = 30) -> None:
        """Until the twin has so many streams on its connections."""
        url = f"http://127.0.0.1:{self.twin.ready['control_port']}/stats"
        end = time.monotonic() + limit
        while time.monotonic() < end:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if sum(c["streams"] for c in json.load(answer)["connections"]) >= streams:
                    return
            time.sleep(0.002)
        raise RuntimeError(f"not {streams} streams subscribed within {limit} s")

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self.processes):
            process.end()


def wait_ready(port: int, limit: float = 30) -> float:
    """Seconds until /ready says yes."""
    start = time.monotonic()
    last = "no answer"
    while time.monotonic() - start < limit:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=1) as answer:
                if answer.status == 200:
                    return time.monotonic() - start
        except urllib.error.HTTPError as refusal:
            last = refusal.read().decode()
        except OSError:
            pass
        time.sleep(0.002)
    raise RuntimeError(f"port {port} did not become ready within {limit} s: {last}")


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def lengthen(folder: str, least: int = 4000) -> None:
    """Repeats short files of trades with higher ids, so that what a new epoch costs does not count as a frame's cost."""
    key = re.compile(r'("trade_?[iI]d":"?|"[ta]":|"id":)(\d+)')
    named = re.compile(r'"(?:s|instId|product_id|ch)":"([^"]+)"')
    for kind in KINDS:
        path = pathlib.Path(folder, kind + ".txt")
        if not path.exists() or not ("trade" in kind or "match" in kind):
            continue
        frames = path.read_text().splitlines()
        # Every symbol's ids one after the other, as a venue's are: a jump would be noted as a range of its own.
        next_id: dict[str, int] = {}
        longer = []
        for copy in range(-(-least // len(frames))):
            known: dict[tuple[str, str], int] = {}
            for frame in frames:
                found = named.search(frame)
                name = found[1] if found else ""

                def renumbered(match: re.Match, name: str = name) -> str:
                    if (name, match[2]) not in known:
                        known[name, match[2]] = next_id[name] = next_id.get(name, int(match[2])) + 1
                    return match[1] + str(known[name, match[2]])

                longer.append(key.sub(renumbered, frame))
        path.write_text("\n".join(longer) + "\n")
        packed = pathlib.Path(folder, kind + "_gz.bin")
        if packed.exists():
            parts = [gzip.compress(frame.encode(), 6, mtime=0) for frame in longer]
            packed.write_bytes(b"".join(len(part).to_bytes(4, "little") + part for part in parts))


def bench_frames(table: Table, folder: str, floor: str, seconds: float) -> dict[str, tuple[float, float]]:
    floors = figures(run(floor, folder, *KINDS, env={**os.environ, "BENCH_RUNS": "5", "BENCH_SECS": str(seconds)}))
    ours = figures(run(BIN / "benchmarks", "frames", folder, seconds))
    table.say("\n### Recorded frame to record bytes (bar: 2.5 times the parse floor)\n")
    table.say("| kind | parse floor ns, best / median | frame to JSON ns, best / median | ratio, best / median |")
    table.say("| --- | --- | --- | --- |")
    for kind in KINDS:
        if kind in ours and kind in floors:
            (fb, fm), (ob, om) = floors[kind], ours[kind]
            table.say(f"| {kind} | {fb:.0f} / {fm:.0f} | {ob:.0f} / {om:.0f} | {ob / fb:.2f} / {om / fm:.2f} |")
    table.say("\n### Allocations in steady state (bar: 0)\n\n```")
    done = subprocess.run([BIN / "benchmarks", "allocations", folder], capture_output=True, text=True, check=False)
    table.say(done.stdout.rstrip())
    table.say("```")
    if done.returncode:
        table.say("\nThe gate is broken: something asks for memory.")
    return floors


def bench_produce(table: Table, folder: str, floors: dict[str, tuple[float, float]]) -> None:
    lines = run(BIN / "benchmarks", "produce", folder).splitlines()
    by = {name: figures("\n".join(x for x in lines if x.startswith(name + "\t"))) for name in
          ("floor-kafka", "floor-kafka-headers", "frame-kafka")}
    table.say("\n### Recorded frame handed to librdkafka (bars: 1,000 ns a bookTicker, 2 times the floors' sum)\n")
    table.say("Sending thread's processor time, best / median of nine bursts of 40,000; the contract's three headers")
    table.say("cost librdkafka four allocations a record, so its floor is given without and with them.\n")
    table.say("| kind | parse | librdkafka bare | with headers | frame to librdkafka | of parse + bare | of parse + headers |")
    table.say("| --- | --- | --- | --- | --- | --- | --- |")
    for kind in KINDS:
        if kind not in by["frame-kafka"] or kind not in floors:
            continue
        bare, headers, ours = by["floor-kafka"][kind], by["floor-kafka-headers"][kind], by["frame-kafka"][kind]
        parse = floors[kind]
        table.say(
            f"| {kind} | {parse[0]:.0f} | {bare[0]:.0f} / {bare[1]:.0f} | {headers[0]:.0f} / {headers[1]:.0f} | "
            f"{ours[0]:.0f} / {ours[1]:.0f} | {ours[0] / (parse[0] + bare[0]):.2f} | "
            f"{ours[0] / (parse[0] + headers[0]):.2f} |"
        )


def bench_books(table: Table) -> None:
    table.say("\n### Order books: an update, an increment, 500 symbols\n\n```")
    done = subprocess.run([BIN / "benchmarks", "books"], capture_output=True, text=True, check=False)
    table.say(done.stdout.rstrip())
    table.say("```")


# A capture's kinds, and what a core is to read of them in a second.
CAPTURES = (
    ("bookTicker and trade, Binance", "binance", "spot", ("bn_spot_bbo", "bn_spot_trade"), 500),
    ("depth, Binance", "binance", "spot", ("bn_spot_depth",), 250),
    ("books and trades, OKX", "okx", None, ("okx_books_now", "okx_trades_now"), 250),
    ("depth, HTX", "htx", None, ("htx_depth",), 250),
    ("level2, Coinbase", "coinbase", None, ("cb_snapshot", "cb_l2update"), 250),
)


def snapshot_lines(venue: str, kinds: tuple[str, ...], frames: list[str]) -> list[str]:
    """A session's answer with the snapshot at which its increments begin; nearly empty, the levels come with them."""
    if venue != "binance" or not kinds[0].endswith("depth"):
        return []
    first = json.loads(frames[0])["data"]
    body = {"lastUpdateId": first["U"] - 1, "bids": [["0.00000001", "1"]], "asks": [["100000000", "1"]]}
    url = f"https://api.binance.com/api/v3/depth?symbol={first['s']}&limit=5000"
    return [json.dumps({"recv_ns": 1, "conn": "a", "dir": "http", "url": url, "msg": json.dumps(body)})]


def bench_normalize(table: Table, folder: str, megabytes: int = 300) -> None:
    table.say("\n### `normalize` over a large capture, one core (goals: 500 MB/s of bookTicker and trades, 250 MB/s of depth)\n")
    table.say("The recorded frames over and over, as raw frames and as a session's lines; output to /dev/null.\n")
    table.say("| frames | form | bytes | seconds of processor | MB/s | goal |")
    table.say("| --- | --- | --- | --- | --- | --- |")
    for title, venue, market, kinds, goal in CAPTURES:
        frames = [line for kind in kinds for line in pathlib.Path(folder, kind + ".txt").read_text().splitlines()]
        session = [json.dumps({"recv_ns": 1, "conn": "a", "dir": "in", "msg": frame}) for frame in frames]
        begin = json.dumps({"recv_ns": 1, "conn": "a", "dir": "open", "url": "wss://stream.binance.com"})
        session = [begin, *snapshot_lines(venue, kinds, frames), *session]
        # Without a snapshot there is no book of raw increments: they would wait, and that is no measure.
        forms = (("session", session),) if venue == "binance" and "depth" in title else (("raw", frames), ("session", session))
        for form, lines in forms:
            part = ("\n".join(lines) + "\n").encode()
            copies = max(1, megabytes * 1_000_000 // len(part))
            path = pathlib.Path(folder, "capture")
            with path.open("wb") as out:
                for _ in range(copies):
                    out.write(part)
            command = [str(BIN / "marketbus"), "normalize", "--venue", venue] + (["--market", market] if market else [])
            with path.open("rb") as source:
                before = os.times()
                subprocess.run(command, stdin=source, stdout=subprocess.DEVNULL, check=True)
                after = os.times()
            spent = after.children_user + after.children_system - before.children_user - before.children_system
            size = copies * len(part)
            table.say(f"| {title} | {form} | {size / 1e6:.0f} MB | {spent:.2f} | {size / spent / 1e6:.0f} | {goal} |")
            path.unlink()


def bench_receive(table: Table) -> None:
    table.say("\n### WebSocket receive\n\n```")
    for rate in (20_000, 200_000):
        with Stage(rate) as stage:
            names = ",".join(f'"{s.replace("-", "").lower()}@bookTicker"' for s in SYMBOLS[:4])
            url = stage.twin.ready["endpoints"]["binance"]["spot_ws"] + "/stream"
            text = '{"method":"SUBSCRIBE","params":[' + names + '],"id":1}'
            out = run(BIN / "benchmarks", "receive", url, text, 3, timeout=60).rstrip()
            table.say(f"twin asked for {rate}/s: {out}")
    table.say("```")


def bench_start(table: Table) -> None:
    times = []
    for _ in range(20):
        start = time.monotonic()
        run(BIN / "binance-feed", "--version")
        times.append((time.monotonic() - start) * 1000)
    table.say("\n### Start\n")
    table.say(f"- `binance-feed --version`: median {statistics.median(times):.1f} ms, worst {max(times):.1f} (bar: 30)")
    subscribed, ready = [], []
    for _ in range(5):
        with Stage(1000) as stage:
            port = free_port()
            begin = time.monotonic()
            stage.feed("binance", port)
            stage.wait_subscribed(2 * len(SYMBOLS))
            subscribed.append((time.monotonic() - begin) * 1000)
            wait_ready(port)
            ready.append((time.monotonic() - begin) * 1000)
    table.say(
        f"- process start to subscribed (instruments loaded, {2 * len(SYMBOLS)} streams known to the twin): "
        f"median {statistics.median(subscribed):.0f} ms, worst {max(subscribed):.0f} (bar: 300)"
    )
    table.say(
        f"- process start to ready (a first message on every stream): "
        f"median {statistics.median(ready):.0f} ms, worst {max(ready):.0f}"
    )


def bench_feed(table: Table, seconds: float) -> None:
    table.say("\n### One feed under load (bar at 1,300 frames/s: 40 MB, 3 % of a core)\n")
    floors: list[str] = []
    table.say("| frames/s asked | received | CPU of one core | resident |")
    table.say("| --- | --- | --- | --- |")
    for rate in (1_300, 20_000):
        with Stage(rate) as stage:
            port = free_port()
            feed = stage.feed("binance", port)
            wait_ready(port)
            time.sleep(2)
            frames, cpu, begin = metric(port, "frames_total"), feed.cpu_seconds(), time.monotonic()
            time.sleep(max(seconds, 5) * 2)
            elapsed = time.monotonic() - begin
            got = (metric(port, "frames_total") - frames) / elapsed
            share = (feed.cpu_seconds() - cpu) / elapsed * 100
            table.say(f"| {rate} | {got:.0f} | {share:.1f} % | {feed.resident_megabytes():.1f} MB |")
            bare = run(BIN / "benchmarks", "pace", stage.servers, rate, 5, timeout=60).strip()
            floors.append(f"- floor at {rate}/s: {bare}")
        with Stage(rate) as stage:
            names = ",".join(f'"{s.replace("-", "").lower()}@bookTicker"' for s in SYMBOLS[:4])
            url = stage.twin.ready["endpoints"]["binance"]["spot_ws"] + "/stream"
            text = '{"method":"SUBSCRIBE","params":[' + names + '],"id":1}'
            floors.append("- floor of the WebSocket alone: " + run(BIN / "benchmarks", "receive", url, text, 5).strip())
    table.say()
    for line in floors:
        table.say(line)


def metric(port: int, ending: str) -> float:
    """The sum of all series of the metric whose name ends so."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    return sum(float(m[1]) for m in re.finditer(rf"^marketbus_\w*{ending}(?:\{{[^}}]*\}})? ([0-9.e+]+)$", text, re.M))


def bench_hops(table: Table, scratch: str, seconds: float) -> None:
    servers = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    table.say("\n### Two hops over Apache Kafka (bar: 1.3 times the floor at the median)\n")
    if not servers:
        table.say("Skipped: KAFKA_BOOTSTRAP_SERVERS is not set.")
        return
    floor = f"{scratch}/kafka-floor"
    run("cc", "-O2", "-w", "-o", floor, HERE / "floors" / "kafka-floor.c", "-lrdkafka", "-lpthread")
    admin = os.environ.get("KAFKA_TOOL")
    if not admin:
        table.say("Skipped: KAFKA_TOOL does not name the program that makes the floor's topics (`KAFKA_TOOL topics --create …`).")
        return
    for topic in ("hop1", "hop2"):
        subprocess.run([admin, "topics", "--create", "--topic", topic, "--partitions", "6"], check=False,
                       capture_output=True)
    # A broker whose machine code is not made yet is slow: what it says first does not count.
    run(floor, servers, 10_000, WARM_SECONDS, 2, 6)
    for rate in (1_000, 10_000):
        span = int(max(seconds, 10))
        table.say(f"{rate} frames/s, 6 partitions, linger 2 ms:\n\n```")
        table.say("floor    " + run(floor, servers, rate, span, 2, 6).rstrip().replace("\n", "\nfloor    "))
        with Stage(rate, servers) as stage:
            ports = [free_port() for _ in range(3)]
            stage.feed("binance", ports[0])
            stage.feed("okx", ports[1])
            stage.aggregator(ports[2])
            for port in ports:
                wait_ready(port)
            table.say("marketbus " + run(BIN / "benchmarks", "hops", servers, span).rstrip().replace("\n", "\nmarketbus "))
            table.say("marketbus " + decisions(ports[2]))
        table.say("```")


def decisions(port: int) -> str:
    """The median and the 99th percentile of the time from a record to each step that it made, by the aggregator itself."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return decision_times(answer.read().decode())


def decision_times(text: str) -> str:
    """The same of metrics that were read."""
    found = re.findall(r'^marketbus_aggregator_decision_seconds_bucket\{.*le="([^"]+)"\} (\d+)$', text, re.M)
    total = int(found[-1][1]) if found else 0
    if not total:
        return "decision  n=0"
    bounds = [next(bound for bound, count in found if int(count) >= share * total) for share in (0.5, 0.99)]
    return f"decision  n={total} p50<={float(bounds[0]) * 1e6:.1f} p99<={float(bounds[1]) * 1e6:.1f} us"


def generated_market(
    path: pathlib.Path, symbols: int, venues: int, quotes: int, depth: int = 50, off_every: int = 0
) -> None:
    """Instruments, a book for each, and then quotes in turn that walk at random, as lines.

    Of `off_every` quotes one moves its venue away from the others by half a percent, or back.
    """
    names = ["binance", "coinbase", "htx", "okx"][:venues]
    noise, at = random.Random(1), 1_800_000_000_000_000
    with path.open("w") as file:

        def write(topic: str, key: str, value: dict) -> None:
            file.write(json.dumps({"topic": topic, "key": key, "value": value}, separators=(",", ":")) + "\n")

        def head(schema: str, venue: str, symbol: str, seq: int) -> dict:
            return {
                "schema": schema, "venue": venue, "symbol": symbol, "venue_symbol": symbol, "feed": f"{venue}-feed",
                "epoch": 1_799_999_999_000_000, "exchange_us": at, "received_us": at, "published_us": at, "seq": seq,
                "venue_seq": None, "venue_prev_seq": None,
            }

        every = [(venue, f"S{number}-USDT") for number in range(symbols) for venue in names]
        middle = {place: 100_000 for place in every}
        for venue, symbol in every:
            write("ref.instrument.v1", f"{venue}:{symbol}", {
                "schema": "instrument.v1", "venue": venue, "market": "spot", "symbol": symbol, "venue_symbol": symbol,
                "published_us": at, "feed": f"{venue}-feed", "kind": "spot", "base": symbol.split("-")[0], "quote": "USDT",
                "settle": "USDT", "expiry_us": None, "tick_size": "0.01", "lot_size": "0.001", "min_size": None,
                "min_notional": None, "contract_size": None, "status": "trading", "maker_fee": "0.0008",
                "taker_fee": "0.001",
            })
            levels = [[[f"{(middle[venue, symbol] + side * (step + 1)) / 100:g}", "1.5"] for step in range(depth)] for side in (-1, 1)]
            if not depth:
                continue
            write("md.book.v1", symbol, {
                **head("book.v1", venue, symbol, 1), "kind": "snapshot", "book_epoch": at, "depth": depth,
                "horizon_bid": levels[0][-1][0], "horizon_ask": levels[1][-1][0], "bids": levels[0], "asks": levels[1],
            })
        seqs, off = dict.fromkeys(every, 0), dict.fromkeys(every, 0)
        for turn in range(quotes):
            place = every[turn % len(every)]
            at += 50
            seqs[place] += 1
            middle[place] += noise.choice((-1, 0, 0, 1))
            if off_every and noise.random() * off_every < 1:
                off[place] = 0 if off[place] else noise.choice((-500, 500))
            bid, ask = (f"{(middle[place] + off[place] + side) / 100:g}" for side in (-1, 1))
            write("md.bbo.v1", place[1], {
                **head("bbo.v1", *place, seqs[place]), "state": "live", "bid": bid, "bid_size": "1.5", "ask": ask,
                "ask_size": "1.5",
            })


def bench_market(table: Table, scratch: str) -> None:
    table.say("\n### The aggregator's machines (bars: 300 ns a quote as before, 10 us from an update to the step)\n\n```")
    table.say(run(BIN / "benchmarks", "market").rstrip())
    table.say("```\n\n### The whole aggregator on generated records (bars: 20,000 quotes/s on one core, 150 MB)\n")
    table.say("`aggregator --replay`: lines read, judged, agg.* written. 50 levels a side of every book, 200,000 quotes.\n")
    table.say("| symbols | venues | quotes/s of one core | resident at most |")
    table.say("| --- | --- | --- | --- |")
    for venues in (2, 4):
        for symbols in (100, 300, 1000):
            cost = []
            for quotes in (0, 200_000):
                path = pathlib.Path(scratch, "market.jsonl")
                generated_market(path, symbols, venues, quotes)
                cost.append(replay_cost(path))
            rate = 200_000 / (cost[1][0] - cost[0][0])
            table.say(f"| {symbols} | {venues} | {rate:,.0f} | {cost[1][1]:.1f} MB |")


def bench_decision(table: Table, scratch: str) -> None:
    table.say("\n### From an update to each step of an opportunity (bar: 10 us at the median)\n")
    floor = f"{scratch}/memory-floor"
    run("cc", "-O2", "-o", floor, HERE / "floors" / "memory-floor.c")
    table.say("`aggregator --replay --metrics`: from taking up a quote to each step handed over, in a process that never waits.")
    table.say("Best quotes of 200 symbols; one of so many moves its venue's price away from the others', or back.\n")
    table.say("```\nfloor    " + run(floor).rstrip().replace("\n", "\nfloor    "))
    for venues in (2, 4):
        for every in (1, 40):
            path = pathlib.Path(scratch, "moves.jsonl")
            generated_market(path, 200, venues, 200_000, depth=0, off_every=every)
            done = subprocess.run(
                [BIN / "aggregator", "--replay", path, "--metrics"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                text=True, check=True,
            )
            table.say(f"marketbus {venues} venues, one of {every}: {decision_times(done.stderr)}")
    table.say("```")


def replay_cost(path: pathlib.Path) -> tuple[float, float]:
    """Seconds of processor and megabytes of a replay."""
    process = subprocess.Popen([BIN / "aggregator", "--replay", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"aggregator --replay ended with {status}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def machine() -> str:
    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    load = os.getloadavg()[0]
    return f"{cpu[1] if cpu else 'unknown'}, {os.cpu_count()} cores, load {load:.1f} at the start"


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--record", action="store_true")
    options.add_argument("--only", default="frames,produce,books,normalize,market,decision,receive,start,feed,hops")
    options.add_argument("--note", default="", help="what a reader of the table should know of the machine")
    options.add_argument("--seconds", type=float, default=1)
    given = options.parse_args()
    only = set(given.only.split(","))
    table = Table()
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout
    table.say(f"## {time.strftime('%Y-%m-%d')}, commit {commit.strip()}\n")
    table.say(f"`python3 Tests/Benchmarks/run.py --only {given.only} --seconds {given.seconds:g}` on {machine()}.{' ' + given.note if given.note else ''}")
    recorded = os.environ.get("MARKETBUS_RECORDED_DATA")
    with tempfile.TemporaryDirectory() as scratch:
        if only & {"frames", "produce", "normalize"}:
            if recorded:
                folder, floor = f"{scratch}/frames", f"{scratch}/parse-floor"
                run(sys.executable, HERE / "floors" / "extract-frames.py", recorded, folder)
                lengthen(folder)
                run("g++", "-O3", "-march=native", "-std=c++17", HERE / "floors" / "parse-floor.cpp", "-lsimdjson",
                    "-ldeflate", "-o", floor)
                if only & {"frames", "produce"}:
                    floors = bench_frames(table, folder, floor, given.seconds)
                    if "produce" in only:
                        bench_produce(table, folder, floors)
                if "normalize" in only:
                    bench_normalize(table, folder)
            else:
                table.say("\nFrames skipped: MARKETBUS_RECORDED_DATA is not set.")
        if "books" in only:
            bench_books(table)
        if "market" in only:
            bench_market(table, scratch)
        if "decision" in only:
            bench_decision(table, scratch)
        if "receive" in only:
            bench_receive(table)
        if "start" in only:
            bench_start(table)
        if "feed" in only:
            bench_feed(table, given.seconds)
        if "hops" in only:
            bench_hops(table, scratch, given.seconds)
    if given.record:
        results = HERE / "RESULTS.md"
        results.write_text(results.read_text().rstrip() + "\n\n" + "\n".join(table.lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
