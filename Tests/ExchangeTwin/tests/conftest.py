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

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = os.environ.get("EXCHANGE_TWIN", str(ROOT / ".build" / "debug" / "exchange-twin"))


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
            with urllib.request.urlopen(url, timeout=5) as answer:
                status, headers, body = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, headers, body = error.code, error.headers, error.read()
        try:
            return status, headers, json.loads(body)
        except ValueError:
            return status, headers, body

    def rest(self, venue, name, path):
        return self.get(self.url(venue, name, path))

    def fault(self, kind, **members):
        body = json.dumps({"kind": kind, **members}).encode()
        with urllib.request.urlopen(self.control + "/fault", data=body, timeout=5) as answer:
            return json.loads(answer.read())

    def post(self, path):
        """A command of the control port without members."""
        with urllib.request.urlopen(self.control + path, data=b"", timeout=5) as answer:
            return json.loads(answer.read())

    def stats(self):
        return self.get(self.control + "/stats")[2]

    def log(self):
        """The log so far, flushed by the control port."""
        with urllib.request.urlopen(self.control + "/log?limit=67108864", timeout=10) as answer:
            return [json.loads(line) for line in answer.read().splitlines()]

    def stop(self):
        self.process.terminate()
        return self.process.wait(5)


def until(condition, limit=5.0):
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


def frames(socket, count, accept=lambda frame: True, limit=5.0):
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
