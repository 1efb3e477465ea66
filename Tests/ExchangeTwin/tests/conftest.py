# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Starts the twin for a test and talks to it with independent clients (websockets, urllib)."""

import json
import os
import pathlib
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from websockets.sync.client import connect

import raw
from raw import PATIENCE

ROOT = pathlib.Path(__file__).resolve().parents[3]
FOLDER = os.environ.get("MARKETBUS_BIN", str(ROOT / ".build" / "debug"))
BINARY = os.environ.get("EXCHANGE_TWIN", FOLDER + "/exchange-twin")


class Twin:
    """One running twin."""

    def __init__(self, directory, *flags):
        self.log_path = directory / "sent.jsonl"
        command = [BINARY, "--log", str(self.log_path), "--exit-with-parent", *map(str, flags)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.endpoints = ready["endpoints"]
        self.port = ready["port"]
        self.control = f"http://127.0.0.1:{ready['control_port']}"

    def url(self, venue, name, rest=""):
        return self.endpoints[venue][name] + rest

    def ws(self, venue, name, rest="", **options):
        options = {"max_size": None, "compression": None, "close_timeout": 0.5, **options}
        return connect(self.url(venue, name, rest), **options)

    def get(self, url):
        """Status, headers and the body as JSON where it is JSON."""
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                status, headers, body = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, headers, body = error.code, error.headers, error.read()
        try:
            return status, headers, json.loads(body)
        except ValueError:
            return status, headers, body

    def rest(self, venue, name, path):
        return self.get(self.url(venue, name, path))

    def burst(self, venue, name, path, count):
        """The answers to `count` equal requests that are all there before the first one is answered."""
        return raw.burst(self.url(venue, name, path), count)

    def handshakes(self, venue, name, count, rest=""):
        """The same for WebSocket handshakes, each on a connection of its own: status and headers."""
        return raw.handshakes(self.url(venue, name, rest), count)

    def fault(self, kind, **members):
        body = json.dumps({"kind": kind, **members}).encode()
        with urllib.request.urlopen(self.control + "/fault", data=body, timeout=PATIENCE) as answer:
            return json.loads(answer.read())

    def post(self, path):
        """A command of the control port without members."""
        with urllib.request.urlopen(self.control + path, data=b"", timeout=PATIENCE) as answer:
            return json.loads(answer.read())

    def near_a_minutes_end(self, milliseconds=400):
        """From now on the venues' minute ends in so many milliseconds at most."""
        return self.post(f"/clock?minute_ends_in_ms={milliseconds}")

    def stats(self):
        return self.get(self.control + "/stats")[2]

    def log(self):
        """The log so far, flushed by the control port."""
        with urllib.request.urlopen(self.control + "/log?limit=67108864", timeout=PATIENCE) as answer:
            return [json.loads(line) for line in answer.read().splitlines()]

    def stop(self):
        self.process.terminate()
        return self.process.wait(PATIENCE)


def after_a_minutes_begin(seconds=2):
    """Flags of a twin whose venues' minute is as old as that: what counts by the minute is not cut by its end."""
    return "--clock-offset-ms", int(seconds * 1000 - time.time() * 1000 % 60_000) % 60_000


def until(condition, limit=PATIENCE):
    """Waits for a condition; its value, or a failure after `limit` seconds."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError("waited too long")


def subscribe(socket, *names, identity=1):
    socket.send(json.dumps({"method": "SUBSCRIBE", "params": list(names), "id": identity}))


def okx_subscribe(socket, *pairs):
    arguments = [{"channel": channel, "instId": name} for channel, name in pairs]
    socket.send(json.dumps({"op": "subscribe", "args": arguments}))


def told(socket):
    """Every message that the twin has queued for a connection by now: what comes before the answer to a ping."""
    end = time.monotonic() + PATIENCE
    pong = socket.ping()
    while True:
        # All that was in front of the pong can be had at once when it is there.
        last = pong.is_set()
        try:
            yield socket.recv(timeout=0 if last else 0.05)
        except TimeoutError:
            if last:
                return
            assert time.monotonic() < end, "no answer to a ping"


def frames(socket, count, accept=lambda frame: True, limit=PATIENCE):
    """The next `count` JSON frames that `accept` takes."""
    taken = []
    end = time.monotonic() + limit
    while len(taken) < count:
        frame = json.loads(socket.recv(timeout=max(0.01, end - time.monotonic())))
        if accept(frame):
            taken.append(frame)
    return taken


@pytest.fixture
def start(tmp_path):
    """A function that starts a twin with flags; all are stopped afterwards."""
    running = []

    def begin(*flags):
        running.append(Twin(tmp_path, *flags))
        return running[-1]

    yield begin
    for twin in running:
        if twin.process.poll() is None:
            assert twin.stop() == 0


@pytest.fixture
def twin(start):
    return start("--symbols", 5, "--rate", 2000)
